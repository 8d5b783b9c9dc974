//! The threads that read.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use primitives::store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::values::store_error;
use crate::Figures;

/// How many reads may wait. Whoever comes when so many do is told to come again, at once.
const QUEUE: usize = 8_192;

/// The most reads in one transaction: it costs as much to begin and end one as to read a row.
const MAX_BATCH: usize = 32;

type Job = Box<dyn FnOnce(&Connection) + Send>;

enum Message {
    Job(Job),
    Close,
}

/// The readers' end of the queue.
pub(super) struct Readers {
    queue: SyncSender<Message>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    figures: Arc<Figures>,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Readers").finish_non_exhaustive()
    }
}

impl Readers {
    pub(super) fn start(
        open: impl Fn() -> rusqlite::Result<Connection>,
        figures: Arc<Figures>,
    ) -> rusqlite::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        // A read waits for the disk, not for the processor, when the file is larger than memory.
        let count = std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2).clamp(2, 16);
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let (connection, jobs, figures) = (open()?, Arc::clone(&jobs), Arc::clone(&figures));
            let thread = std::thread::Builder::new().name(format!("sqlite-reader-{number}"));
            match thread.spawn(move || read_all(&connection, &jobs, &figures)) {
                Ok(thread) => threads.push(thread),
                Err(error) => tracing::error!(%error, "a reader thread did not start"),
            }
        }
        Ok(Self { queue, threads: Mutex::new(threads), figures })
    }

    /// Reads. It sees whatever was acknowledged before it was called.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (waiting, answer) = oneshot::channel();
        // Whoever asked may have gone; then nobody needs the answer.
        let job: Job = Box::new(move |connection| {
            drop(waiting.send(work(connection).map_err(|error| store_error(&error))));
        });
        // It counts before anybody can take it up.
        self.figures.reads_waiting.up();
        self.queue.try_send(Message::Job(job)).map_err(|error| {
            self.figures.reads_waiting.down();
            match error {
                TrySendError::Full(_) => {
                    self.figures.reads_turned_away.add();
                    StoreError::Overloaded
                }
                TrySendError::Disconnected(_) => closed(),
            }
        })?;
        answer.await.map_err(|_gone| closed())?
    }

    pub(super) fn close(&self) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in threads.iter() {
            // Where nobody listens any more, there is nobody to be told.
            drop(self.queue.send(Message::Close));
        }
        if threads.drain(..).map(JoinHandle::join).any(|ended| ended.is_err()) {
            tracing::error!("a reader thread had panicked");
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

fn read_all(connection: &Connection, queue: &Mutex<Receiver<Message>>, figures: &Figures) {
    let mut batch: Vec<Job> = Vec::with_capacity(MAX_BATCH);
    let mut open = true;
    while open {
        open = gather(&mut batch, queue);
        batch.iter().for_each(|_| figures.reads_waiting.down());
        // All reads of a transaction see the moment of its first. They were gathered before it begins, so nobody is
        // shown a moment from before it asked.
        let together = batch.len() > 1 && connection.execute_batch("BEGIN").is_ok();
        batch.drain(..).for_each(|job| job(connection));
        if together && let Err(error) = connection.execute_batch("COMMIT") {
            tracing::error!(%error, "a reading transaction did not end");
        }
    }
}

/// Waits for a job and takes those that wait behind it; says whether to go on. One thread at a time waits here, the
/// others wait for it to have something to do.
fn gather(batch: &mut Vec<Job>, queue: &Mutex<Receiver<Message>>) -> bool {
    let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    match queue.recv() {
        Ok(Message::Job(job)) => batch.push(job),
        Ok(Message::Close) | Err(_) => return false,
    }
    while batch.len() < MAX_BATCH {
        match queue.try_recv() {
            Ok(Message::Job(job)) => batch.push(job),
            Ok(Message::Close) => return false,
            Err(_) => break,
        }
    }
    true
}
