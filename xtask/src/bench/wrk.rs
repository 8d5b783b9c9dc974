//! Load from `wrk`, a program of Debian's.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use super::Outcome;

/// Requests of one kind.
pub(super) struct Load {
    pub(super) url: String,
    /// What `wrk` runs to make a request.
    pub(super) script: PathBuf,
}

/// Tells figures in a form that is easily read, and any answer that was not a success.
pub(super) const REPORT: &str = r#"
done = function(summary, latency, requests)
  io.write(string.format("\nfigures %d %d %f %f %d\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"#;

impl Load {
    pub(super) fn run(&self, connections: u32, seconds: u64) -> anyhow::Result<Outcome> {
        let output = Command::new("wrk")
            .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"])
            .arg(&self.script)
            .arg(&self.url)
            .output()
            .context("wrk did not run")?;
        let told = String::from_utf8(output.stdout)?;
        let figures =
            told.lines().find_map(|line| line.strip_prefix("figures ")).with_context(|| told.clone())?;
        let figures: Vec<f64> = figures.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [requests, microseconds, p50_ms, p99_ms, errors] = figures.as_slice() else { bail!("{told}") };
        if *errors > 0.0 {
            bail!("{errors} of {requests} requests to {} failed:\n{told}", self.url);
        }
        Ok(Outcome { per_second: requests / microseconds * 1e6, p50_ms: *p50_ms, p99_ms: *p99_ms })
    }
}
