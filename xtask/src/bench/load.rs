//! Load of requests that follow from each other, which `wrk` cannot make. Both sides of a pair get it from here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::{JoinSet, LocalSet};

use super::Outcome;
use super::connection::Connection;

/// What one connection does over and over.
pub(super) trait Walk: 'static {
    /// Goes on from where the last step has led.
    async fn step(&mut self, connection: &mut Connection) -> anyhow::Result<()>;
}

/// A walk for each connection.
pub(super) struct Load<W> {
    to: SocketAddr,
    walks: Vec<W>,
}

impl<W: Walk> Load<W> {
    pub(super) fn new(to: SocketAddr, walks: Vec<W>) -> Self {
        Self { to, walks }
    }

    /// Each connection takes a step when the one before has been answered. What is under way when the time is over is
    /// finished and counted, so that the next round can go on from there.
    pub(super) fn run(&mut self, seconds: u64) -> anyhow::Result<Outcome> {
        // One thread, as wrk has.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let tasks = LocalSet::new();
        tasks.block_on(&runtime, self.walk(Duration::from_secs(seconds)))
    }

    /// The walks, as far as they have come.
    pub(super) fn into_walks(self) -> Vec<W> {
        self.walks
    }

    async fn walk(&mut self, time: Duration) -> anyhow::Result<Outcome> {
        let mut ready = Vec::with_capacity(self.walks.len());
        for walk in self.walks.drain(..) {
            ready.push((walk, Connection::open(self.to).await?));
        }
        let begun = Instant::now();
        let mut walking = JoinSet::new();
        for (mut walk, mut connection) in ready {
            walking.spawn_local(async move {
                let mut took = Vec::new();
                while begun.elapsed() < time {
                    let asked = Instant::now();
                    walk.step(&mut connection).await?;
                    took.push(asked.elapsed());
                }
                anyhow::Ok((walk, took))
            });
        }
        let mut took = Vec::new();
        while let Some(walked) = walking.join_next().await {
            let (walk, its) = walked??;
            self.walks.push(walk);
            took.extend(its);
        }
        outcome(took, begun.elapsed())
    }
}

/// What came of steps that took so long each, and all together.
pub(super) fn outcome(mut took: Vec<Duration>, time: Duration) -> anyhow::Result<Outcome> {
    took.sort_unstable();
    let percentile = |percent: usize| {
        let place = (took.len() * percent / 100).min(took.len().saturating_sub(1));
        took.get(place).map(|took| took.as_secs_f64() * 1e3).context("there was no step")
    };
    #[expect(clippy::cast_precision_loss, reason = "there are not so many")]
    let per_second = took.len() as f64 / time.as_secs_f64();
    Ok(Outcome { per_second, p50_ms: percentile(50)?, p99_ms: percentile(99)? })
}
