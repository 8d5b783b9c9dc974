//! One thread that writes, and commits for all that wait at once, as the server's does.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::Context;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// The most writes in one transaction.
const MAX_BATCH: usize = 1_024;

type Write = Box<dyn Fn(&Connection) -> rusqlite::Result<()> + Send>;

/// A write, and who waits for it.
struct Job {
    write: Write,
    waiting: oneshot::Sender<()>,
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Durable(SyncSender<Job>);

impl Durable {
    /// A new database with this schema.
    pub(super) fn open(folder: &Path, schema: &str) -> anyhow::Result<Self> {
        let connection = Connection::open(folder.join("bare.db"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "cache_size", -65_536)?;
        connection.execute_batch(schema)?;
        let (queue, jobs) = sync_channel(8_192);
        std::thread::spawn(move || {
            if let Err(error) = write_all(&connection, &jobs) {
                eprintln!("the bare writer ended: {error:#}");
            }
        });
        Ok(Self(queue))
    }

    /// Writes, and comes back when it is on the disk.
    pub(super) async fn write(
        &self,
        write: impl Fn(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (waiting, done) = oneshot::channel();
        self.0.try_send(Job { write: Box::new(write), waiting }).ok().context("the writer is behind")?;
        done.await.context("the writer ended")
    }
}

/// One transaction for all that wait.
fn write_all(connection: &Connection, jobs: &Receiver<Job>) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while let Ok(first) = jobs.recv() {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        (first.write)(connection)?;
        batch.push(first);
        while batch.len() < MAX_BATCH
            && let Ok(job) = jobs.try_recv()
        {
            (job.write)(connection)?;
            batch.push(job);
        }
        connection.execute_batch("COMMIT")?;
        for job in batch.drain(..) {
            // Whoever asked may have gone.
            job.waiting.send(()).ok();
        }
    }
    Ok(())
}
