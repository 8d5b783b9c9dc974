//! The figures in the text format of Prometheus. The library writes it; the numbers are ours, and are read when somebody
//! asks (`docs/decisions/0014-metrics.md`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use storage::figures::Distribution;

use crate::app::App;

pub(super) use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

/// No labels.
type Unlabelled = [(&'static str, &'static str); 0];

/// All of them; before the server has started, what it is.
pub(super) fn rendered(app: Option<&Arc<App>>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Collected(app.map(Arc::clone))));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Collected(Option<Arc<App>>);

impl Collector for Collected {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        let build = [([("version", env!("CARGO_PKG_VERSION"))], 1)];
        page.gauges("matricula_build_info", "The version that runs", build)?;
        let Some(app) = &self.0 else { return Ok(()) };
        page.of_process(app)?;
        page.of_requests(app)?;
        page.of_store(app)?;
        page.of_work(app)
    }
}

/// What is being written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn of_process(&mut self, app: &App) -> fmt::Result {
        let started = Duration::from_millis(app.started_at().millis()).as_secs_f64();
        let name = "process_start_time_seconds";
        let help = "When the process started, in seconds since 1970";
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&started)
    }

    fn of_requests(&mut self, app: &App) -> fmt::Result {
        let figures = app.figures();
        let ends = figures.endpoints().flat_map(|(endpoint, of_endpoint)| {
            of_endpoint.ends().map(move |(verb, end, count)| {
                let labels =
                    [("endpoint", endpoint.as_str()), ("method", verb.as_str()), ("status", end.as_str())];
                (labels, count)
            })
        });
        self.counters("matricula_requests", "Requests by what came of them", ends)?;
        let times = figures.endpoints().map(|(endpoint, of_endpoint)| {
            ([("endpoint", endpoint.as_str())], of_endpoint.micros.distribution())
        });
        let used = times.filter(|(_, times)| times.count() > 0);
        let help = "How long it took until the answer was there";
        self.histograms("matricula_request_duration_seconds", help, used, seconds)?;
        let in_flight = figures.in_flight.value();
        self.gauge("matricula_requests_in_flight", "Requests that are being answered", in_flight)?;
        self.gauge("matricula_connections_open", "Connections that are open", figures.connections.value())?;
        let limit = u64::try_from(app.limits().connections).unwrap_or(u64::MAX);
        self.gauge("matricula_connections_limit", "The most connections at once", limit)?;
        let accepted = figures.connections_accepted.value();
        self.counter("matricula_connections_accepted", "Connections that were ever opened", accepted)
    }

    fn of_store(&mut self, app: &App) -> fmt::Result {
        let figures = app.store().figures();
        let waiting = figures.reads_waiting.value();
        self.gauge("matricula_store_reads_waiting", "Reads that wait for their turn", waiting)?;
        let waiting = figures.writes_waiting.value();
        self.gauge("matricula_store_writes_waiting", "Writes that wait for a transaction", waiting)?;
        let turned_away = [("read", &figures.reads_turned_away), ("write", &figures.writes_turned_away)];
        let turned_away = turned_away.map(|(kind, count)| ([("kind", kind)], count.value()));
        let help = "Reads and writes that were turned away, since too many were waiting";
        self.counters("matricula_store_turned_away", help, turned_away)?;
        let failed = figures.writes_failed.value();
        self.counter("matricula_store_writes_failed", "Writes that were begun and failed", failed)?;
        let sizes = [([], figures.transaction_jobs.distribution())];
        let help = "How many writes each transaction had that was committed";
        self.histograms::<0>("matricula_store_transaction_jobs", help, sizes, plain)?;
        let times = [([], figures.commit_micros.distribution())];
        let help = "How long it took until a transaction was on the disk";
        self.histograms::<0>("matricula_store_commit_duration_seconds", help, times, seconds)?;
        let outcomes = figures.outcomes().map(|(kind, count)| ([("kind", kind.as_str())], count));
        self.counters("matricula_outcomes", "What changed state, as in the audit log", outcomes)
    }

    fn of_work(&mut self, app: &App) -> fmt::Result {
        let passwords = app.passwords();
        let help = "Passwords that are being hashed or verified";
        self.gauge("matricula_passwords_in_work", help, passwords.in_work())?;
        let help = "Passwords that wait for their turn";
        self.gauge("matricula_passwords_waiting", help, passwords.waiting())?;
        let waiting = u64::try_from(app.activity().waiting()).unwrap_or(u64::MAX);
        let help = "Lines of activity that wait to be written to the audit log";
        self.gauge("matricula_activity_lines_waiting", help, waiting)?;
        let activity = app.activity().totals().map(|(kind, count)| ([("kind", kind.as_str())], count));
        self.counters("matricula_activity", "What changed nothing, as in the audit log", activity)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.gauges::<0>(name, help, [([], value)])
    }

    fn gauges<const L: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([(&'static str, &'static str); L], u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        values.into_iter().try_for_each(|(labels, value)| metric.encode_family(&labels)?.encode_gauge(&value))
    }

    /// The library adds `_total`.
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.counters::<0>(name, help, [([], value)])
    }

    fn counters<const L: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([(&'static str, &'static str); L], u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        values.into_iter().try_for_each(|(labels, value)| {
            metric.encode_family(&labels)?.encode_counter::<Unlabelled, _, u64>(&value, None)
        })
    }

    fn histograms<const L: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([(&'static str, &'static str); L], Distribution)>,
        unit: fn(u64) -> f64,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        values.into_iter().try_for_each(|(labels, found)| {
            let ranges =
                found.ranges.iter().map(|(bound, count)| (bound.map_or(f64::INFINITY, unit), *count));
            let ranges: Vec<(f64, u64)> = ranges.collect();
            let (sum, count) = (unit(found.sum), found.count());
            metric.encode_family(&labels)?.encode_histogram::<Unlabelled>(sum, count, &ranges, None)
        })
    }
}

/// From microseconds.
fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

/// A number as it is; up to 2⁵³ exactly.
fn plain(number: u64) -> f64 {
    let half = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    half(number >> 32) * 4_294_967_296.0 + half(number & 0xffff_ffff)
}
