//! What the tour says, and whether what it saw was right.

use std::time::Duration;

use serde_json::Value;

use super::super::say;
use super::browser::Visit;
use super::caller::Answer;

/// Tells, shows and checks.
#[derive(Debug, Default)]
pub(super) struct Guide {
    chapter: usize,
    failed: usize,
}

impl Guide {
    /// A new part of the story.
    pub(super) fn chapter(&mut self, title: &str, about: &str) {
        self.chapter += 1;
        say(format_args!("\n{}. {title}\n", self.chapter));
        for line in about.lines() {
            say(format_args!("   {}", line.trim()));
        }
        say("");
    }

    /// Shows an answer with the request that it is to.
    pub(super) fn show(&self, answer: &Answer) {
        for line in &answer.request {
            say(format_args!("   > {line}"));
        }
        say(format_args!("   < {} ({:.1} ms)", answer.status, milliseconds(answer.took)));
        for name in ["www-authenticate", "cache-control"] {
            if let Some(value) = answer.headers.get(name).and_then(|value| value.to_str().ok()) {
                say(format_args!("   < {name}: {value}"));
            }
        }
        if !answer.json.is_null() {
            // What was read as JSON can be written as JSON.
            let pretty = serde_json::to_string_pretty(&answer.json).unwrap_or_default();
            pretty.lines().for_each(|line| say(format_args!("   < {line}")));
        }
        say("");
    }

    /// Shows an answer in two lines, where another one like it has been shown already.
    pub(super) fn show_briefly(&self, answer: &Answer) {
        let request = answer.request.iter().filter(|line| !line.starts_with("content-type")).cloned();
        say(format_args!("   > {}", request.collect::<Vec<_>>().join(" | ")));
        let body = if answer.json.is_null() { String::new() } else { answer.json.to_string() };
        say(format_args!("   < {} {body}", answer.status));
    }

    /// Shows what a browser went through, as its developer tools would.
    pub(super) fn show_visit(&self, visit: &Visit) {
        for answer in &visit.answers {
            for line in answer.request.iter().filter(|line| !is_customary(line)) {
                say(format_args!("   > {line}"));
            }
            say(format_args!("   < {} ({:.1} ms)", answer.status, milliseconds(answer.took)));
            for name in ["location", "set-cookie"] {
                for value in answer.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
                    say(format_args!("   < {name}: {value}"));
                }
            }
        }
        if !visit.page().title().is_empty() {
            say(format_args!("   The page: {}", visit.page().title()));
        }
        say("");
    }

    /// Checks something about what was just shown.
    pub(super) fn check(&mut self, what: &str, is_so: bool) {
        if !is_so {
            self.failed += 1;
        }
        say(format_args!("   {} {what}", if is_so { "[ok]   " } else { "[WRONG]" }));
    }

    /// Checks the status of an answer and one member of its body.
    pub(super) fn expect(&mut self, what: &str, answer: &Answer, status: u16, member: (&str, &str)) {
        let (name, wanted) = member;
        let is_so =
            answer.status.as_u16() == status && answer.json.get(name).and_then(Value::as_str) == Some(wanted);
        self.check(what, is_so);
    }

    /// How many checks failed.
    pub(super) fn failed(&self) -> usize {
        self.failed
    }
}

/// What every request of a browser has.
fn is_customary(line: &str) -> bool {
    line.starts_with("user-agent") || line.starts_with("content-type")
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
