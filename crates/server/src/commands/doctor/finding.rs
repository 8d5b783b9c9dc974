//! What was found, and what to do about it.

use std::fmt;

use serde_json::{Value, json};

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is well.
    Ok,
    /// It works, and is probably not meant, or will not work for long.
    Warning,
    /// It does not work.
    Problem,
}

impl State {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: State,
    /// What was looked at: a word.
    about: &'static str,
    text: String,
    /// Nothing where all is well.
    remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self { state: State::Ok, about, text: text.into(), remedy: None }
    }

    pub(super) fn warning(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warning, about, text: text.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn problem(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Problem, about, text: text.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn to_json(&self) -> Value {
        let Self { state, about, text, remedy } = self;
        json!({ "state": state.as_str(), "about": about, "text": text, "remedy": remedy })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, about, text, remedy } = self;
        write!(formatter, "{}: {about}: {text}", state.as_str())?;
        remedy.as_ref().map_or(Ok(()), |remedy| write!(formatter, " – {remedy}"))
    }
}
