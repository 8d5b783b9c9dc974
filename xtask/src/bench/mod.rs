//! The server beside bare ceilings, in one run: ratios, since machines differ and are shared.

mod bare;
mod connection;
mod load;
mod people;
mod server;
mod wrk;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
pub(crate) use bare::Bare;
use clap::Args;

use self::server::{Ceiling, MACHINES, Matricula};
use self::wrk::Load;
use crate::postgres::Cluster;
use crate::{debian, root};

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Seconds of load for each figure.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often each pair is measured; the median of the ratios is told.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only the figures whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
    /// With everything in PostgreSQL, instead of SQLite.
    #[arg(long)]
    postgres: bool,
}

/// How many connections there are at once.
const CONNECTIONS: [u32; 2] = [64, 256];

/// What is measured beside what.
struct Pair {
    name: &'static str,
    ceiling: &'static str,
    load: Load,
    bare: Load,
}

/// What came of it.
#[derive(Clone, Copy)]
struct Outcome {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Bench {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        debian::need(&[("wrk", "wrk")])?;
        build()?;
        // Whatever makes the load costs the server time that it has not, so it is built for release too.
        if cfg!(debug_assertions) {
            let status = Command::new(release("xtask")).args(std::env::args_os().skip(1)).status()?;
            return if status.success() { Ok(()) } else { bail!("the bench failed") };
        }
        // It waits for the disk at every commit, as one that is relied on does.
        let cluster = if self.postgres {
            Some(Cluster::start(&["shared_buffers=512MB", "max_wal_size=4GB"])?)
        } else {
            None
        };
        self.machines(cluster.as_ref())?;
        self.people(cluster.as_ref())
    }

    /// Measures registrations and tokens for clients themselves.
    fn machines(&self, cluster: Option<&Cluster>) -> anyhow::Result<()> {
        if ![INSTANCES, DEFINITIONS, TOKENS].iter().any(|name| self.wants(name)) {
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        let matricula = Matricula::start(folder.path(), MACHINES, cluster)?;
        let signature = Ceiling::start("signature", &[])?;
        let rows = match cluster {
            Some(cluster) => Ceiling::start("postgres", &[cluster.url().as_ref(), "0".as_ref()])?,
            None => Ceiling::start("rows", &[folder.path().as_os_str()])?,
        };
        let clients = matricula.register_some(1_000)?;

        if cluster.is_none() {
            println!(
                "start to first answered request: {:.0} ms (median of 10)",
                started(10)?.as_secs_f64() * 1e3
            );
        }
        println!("idle RSS: {:.1} MB\n", matricula.memory("VmRSS")?);
        heading();
        for connections in CONNECTIONS {
            let instances = matricula.registrations(r#"{"software_id":"app"}"#)?;
            let definitions = matricula.registrations(DEFINITION)?;
            let tokens = matricula.tokens(&clients)?;
            let pairs = [
                Pair {
                    name: INSTANCES,
                    ceiling: "the same rows, durable",
                    bare: rows.answering(&instances, "/instance"),
                    load: instances,
                },
                Pair {
                    name: DEFINITIONS,
                    ceiling: "the same rows, durable",
                    bare: rows.answering(&definitions, "/definition"),
                    load: definitions,
                },
                Pair {
                    name: TOKENS,
                    ceiling: "the signature",
                    bare: signature.answering(&tokens, "/token"),
                    load: tokens,
                },
            ];
            for Pair { name, ceiling, load, bare } in pairs.into_iter().filter(|pair| self.wants(pair.name)) {
                self.measure(
                    (name, ceiling),
                    connections,
                    || bare.run(connections, self.seconds),
                    || load.run(connections, self.seconds),
                )?;
            }
        }
        println!("\nRSS at its highest: {:.1} MB", matricula.memory("VmHWM")?);
        let (count, bytes) = match cluster {
            Some(cluster) => {
                let store = matricula.store().to_owned();
                matricula.stop()?;
                cluster.bytes_per_instance(&store)?
            }
            None => matricula.stop()?.bytes_per_instance()?,
        };
        println!("bytes per instance on disk, pages and all: {bytes:.0} (of {count} instances)\n");
        Ok(())
    }

    fn wants(&self, name: &str) -> bool {
        name.contains(&self.only)
    }

    fn measure(
        &self,
        (name, ceiling): (&str, &str),
        connections: u32,
        mut bare: impl FnMut() -> anyhow::Result<Outcome>,
        mut server: impl FnMut() -> anyhow::Result<Outcome>,
    ) -> anyhow::Result<()> {
        let mut rounds: Vec<(f64, Outcome, Outcome)> = Vec::with_capacity(self.rounds);
        for _ in 0..self.rounds {
            let bare = bare()?;
            let server = server()?;
            rounds.push((server.per_second / bare.per_second, server, bare));
        }
        rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (ratio, server, bare) = rounds.get(rounds.len() / 2).context("no rounds")?;
        println!(
            "{name:<44} {connections:>5} {:>10.0} {:>10.0} {ratio:>7.2} {:>9.2} {:>9.2}",
            server.per_second, bare.per_second, server.p50_ms, server.p99_ms
        );
        let (low, high) = (rounds.first().map_or(0.0, |r| r.0), rounds.last().map_or(0.0, |r| r.0));
        println!("{:<44} {:>5} beside: {ceiling}; ratios {low:.2} to {high:.2}", "", "");
        Ok(())
    }
}

const INSTANCES: &str = "instances of a template registered";
const DEFINITIONS: &str = "clients with a definition registered";
const TOKENS: &str = "access tokens (ES256)";

fn heading() {
    println!(
        "{:<44} {:>5} {:>10} {:>10} {:>7} {:>9} {:>9}",
        "", "conns", "server/s", "bare/s", "ratio", "p50 ms", "p99 ms"
    );
}

/// What a developer portal sends.
const DEFINITION: &str = r#"{"client_name":"Reports of the Example company","client_uri":"https://reports.example/","redirect_uris":["https://reports.example/cb"],"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_basic","scope":"orders:read","contacts":["ops@reports.example"]}"#;

fn build() -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--package", "server", "--package", "xtask"])
        .current_dir(root())
        .status()?;
    if status.success() { Ok(()) } else { bail!("the release build failed") }
}

fn release(binary: &str) -> PathBuf {
    root().join("target/release").join(binary)
}

/// From the command to the first answer, on a fresh store.
fn started(times: usize) -> anyhow::Result<Duration> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let folder = tempfile::tempdir()?;
        let begun = Instant::now();
        let matricula = Matricula::start(folder.path(), MACHINES, None)?;
        matricula.first_answer()?;
        took.push(begun.elapsed());
        matricula.stop()?;
    }
    took.sort();
    took.get(times / 2).copied().context("nothing was started")
}
