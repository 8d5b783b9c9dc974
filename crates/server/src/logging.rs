//! The log: lines for people or for machines, each with the request that caused it.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{self, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::request_name;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// Lines of JSON for machines.
    Json,
}

/// Begins to log to standard error; what a command has to say goes to standard output.
///
/// # Errors
/// `filter` makes no sense.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_new(filter)?;
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let ansi = std::io::stderr().is_terminal();
    match format {
        LogFormat::Text => {
            let lines = format::format().with_ansi(ansi).with_target(false);
            logger.with_ansi(ansi).event_format(OfRequest { lines, format }).init();
        }
        LogFormat::Json => {
            let lines = format::json();
            logger.fmt_fields(format::JsonFields::new()).event_format(OfRequest { lines, format }).init();
        }
    }
    Ok(())
}

/// Lines that say which request they are about.
struct OfRequest<F> {
    lines: F,
    format: LogFormat,
}

impl<S, N, F> FormatEvent<S, N> for OfRequest<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.lines.format_event(context, Writer::new(&mut line), event)?;
        writer.write_str(&with_request(line.trim_end(), self.format)?)?;
        writer.write_char('\n')
    }
}

/// A line with the members of the request that is being answered, which need no quoting.
fn with_request(line: &str, format: LogFormat) -> Result<String, fmt::Error> {
    use fmt::Write;
    let mut told = String::with_capacity(line.len() + 64);
    match format {
        LogFormat::Text => {
            told.push_str(line);
            request_name::members(|name, value| write!(told, " {name}={value}"))?;
        }
        LogFormat::Json => {
            told.push('{');
            request_name::members(|name, value| write!(told, "\"{name}\":\"{value}\","))?;
            told.push_str(line.strip_prefix('{').unwrap_or(line));
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;
    use crate::random::SystemRandomness;
    use crate::request_name::RequestName;

    #[tokio::test]
    async fn a_line_names_the_request_that_caused_it_and_no_other_line_does() {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", "from.the-proxy_1".parse().unwrap());
        let name = RequestName::draw(&SystemRandomness, &headers);
        let ours = name.header().to_str().unwrap().to_owned();
        let lines = || {
            [("WARN no", LogFormat::Text), (r#"{"level":"WARN"}"#, LogFormat::Json)]
                .map(|(line, format)| with_request(line, format).unwrap())
        };
        let [text, json] = name.answer(async { lines() }).await;
        assert_eq!(text, format!("WARN no request={ours} client_request=from.the-proxy_1"));
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json, json!({"level": "WARN", "request": ours, "client_request": "from.the-proxy_1"}));
        assert_eq!(lines(), ["WARN no", r#"{"level":"WARN"}"#]);
    }
}
