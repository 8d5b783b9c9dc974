//! The one thread that writes.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use primitives::store::StoreError;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::outcomes;
use super::values::store_error;
use crate::Figures;

/// How many jobs may wait. Whoever comes when so many do is told to come again, at once.
const QUEUE: usize = 8_192;

/// The most jobs in one transaction.
const MAX_BATCH: usize = 1_024;

/// How long the write-ahead log may grow, in bytes. SQLite begins to write it back at 4 MB.
const MAX_LOG: u64 = 64 * 1024 * 1024;

/// How long a transaction takes on further jobs, so that those in it do not wait for ever.
const MAX_FILL: Duration = Duration::from_millis(2);

/// Something to be written.
///
/// A job runs inside a transaction with others. It decides before it writes: where it answers that something is not
/// to be, it has written nothing. Where it fails, the whole transaction is taken back and its jobs run again, each in
/// one of its own; so a job can run twice, and its effect is there once.
trait Job: Send {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Tells whoever waits what came of it. An error here is the transaction's.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Write<F, T> {
    work: F,
    outcome: Option<T>,
    waiting: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Write<F, T>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.outcome = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let never_ran = || StoreError::Unavailable("the write was not carried out".to_owned());
        let Self { outcome, waiting, .. } = *self;
        // Whoever asked may have gone; what was written stays written.
        drop(waiting.send(committed.and_then(|()| outcome.ok_or_else(never_ran))));
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close,
}

/// The writer's end of the queue.
pub(super) struct Writer {
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    figures: Arc<Figures>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts it as the one that keeps the database's log short.
    pub(super) fn start(connection: Connection, database: &Path, figures: Arc<Figures>) -> Self {
        Self::start_with(connection, Some(Log::of(database)), figures)
    }

    /// Starts it beside another process that may be keeping the log short. SQLite itself writes the log back when the
    /// last connection closes.
    pub(super) fn start_beside(connection: Connection, figures: Arc<Figures>) -> Self {
        Self::start_with(connection, None, figures)
    }

    fn start_with(connection: Connection, log: Option<Log>, figures: Arc<Figures>) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        let counted = Arc::clone(&figures);
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_all(connection, &jobs, log.as_ref(), &counted))
            .map_err(|error| tracing::error!(%error, "the writer thread did not start"))
            .ok();
        Self { queue, thread: Mutex::new(thread), figures }
    }

    /// Whether a write would be taken up: the thread lives, and there is room in its queue.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(closed());
        }
        let room = u64::try_from(QUEUE).unwrap_or(u64::MAX);
        if self.figures.writes_waiting.value() < room { Ok(()) } else { Err(StoreError::Overloaded) }
    }

    /// Carries out a job. The answer comes after the transaction is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (waiting, answer) = oneshot::channel();
        let job = Box::new(Write { work, outcome: None, waiting });
        // It counts before the thread can take it up.
        self.figures.writes_waiting.up();
        self.queue.try_send(Message::Job(job)).map_err(|error| {
            self.figures.writes_waiting.down();
            match error {
                TrySendError::Full(_) => {
                    self.figures.writes_turned_away.add();
                    StoreError::Overloaded
                }
                TrySendError::Disconnected(_) => closed(),
            }
        })?;
        answer.await.map_err(|_gone| closed())?
    }

    /// Finishes what is waiting, and ends the thread.
    pub(super) fn close(&self) {
        if self.queue.send(Message::Close).is_ok()
            && let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread had panicked");
        }
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// The write-ahead log. SQLite writes it back to the database as it goes, and begins it anew when no reader needs it;
/// where readers follow each other closely there is no such moment, and it would grow for as long as they do.
struct Log(PathBuf);

impl Log {
    fn of(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        Self(name.into())
    }

    /// Waits for the readers of this moment, once it has grown too long; they take about a millisecond. Readers that come
    /// meanwhile need nothing of it any more.
    fn keep_short(&self, connection: &Connection) {
        if std::fs::metadata(&self.0).is_ok_and(|file| file.len() > MAX_LOG) {
            write_back(connection);
        }
    }
}

fn write_all(mut connection: Connection, queue: &Receiver<Message>, log: Option<&Log>, figures: &Figures) {
    let mut batch: Vec<Box<dyn Job>> = Vec::with_capacity(MAX_BATCH);
    while let Ok(Message::Job(first)) = queue.recv() {
        figures.writes_waiting.down();
        batch.push(first);
        let closing = commit_together(&mut connection, &mut batch, queue, figures);
        if closing {
            break;
        }
        if let Some(log) = log {
            log.keep_short(&connection);
        }
    }
    // Leaves no log behind for the next start to read through.
    if log.is_some() {
        write_back(&connection);
    }
}

/// Writes the whole log back to the database, and empties it.
fn write_back(connection: &Connection) {
    match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)) {
        Ok(0_i64) => {}
        Ok(_busy) => tracing::warn!("the log was not written back: somebody reads on in it"),
        Err(error) => tracing::warn!(%error, "the log was not written back"),
    }
}

/// Runs what is waiting in one transaction, and answers. Says whether it is time to close.
fn commit_together(
    connection: &mut Connection,
    batch: &mut Vec<Box<dyn Job>>,
    queue: &Receiver<Message>,
    figures: &Figures,
) -> bool {
    let mut closing = false;
    match run_together(connection, batch, (queue, figures), &mut closing) {
        Ok(()) => batch.drain(..).for_each(|job| job.answer(Ok(()))),
        // One of them spoilt it for all. Each alone shows which.
        Err(_) if batch.len() > 1 => batch.drain(..).for_each(|job| run_alone(connection, job, figures)),
        Err(error) => {
            tracing::error!(%error, "a write failed");
            figures.writes_failed.add();
            let error = store_error(&error);
            batch.drain(..).for_each(|job| job.answer(Err(error.clone())));
        }
    }
    closing
}

fn run_together(
    connection: &mut Connection,
    batch: &mut Vec<Box<dyn Job>>,
    (queue, figures): (&Receiver<Message>, &Figures),
    closing: &mut bool,
) -> rusqlite::Result<()> {
    outcomes::taken_back();
    let begun = Instant::now();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = 0;
    loop {
        while let Some(job) = batch.get_mut(done) {
            job.run(&transaction)?;
            done += 1;
        }
        if *closing || done >= MAX_BATCH || begun.elapsed() >= MAX_FILL {
            break;
        }
        match queue.try_recv() {
            Ok(Message::Job(job)) => {
                figures.writes_waiting.down();
                batch.push(job);
            }
            Ok(Message::Close) => *closing = true,
            Err(_) => break,
        }
    }
    commit(transaction, done, figures)
}

/// What it tells of counts once it is on the disk.
fn commit(transaction: Transaction<'_>, jobs: usize, figures: &Figures) -> rusqlite::Result<()> {
    let begun = Instant::now();
    transaction.commit()?;
    figures.commit_micros.observe(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
    figures.transaction_jobs.observe(u64::try_from(jobs).unwrap_or(u64::MAX));
    outcomes::committed(figures);
    Ok(())
}

fn run_alone(connection: &mut Connection, mut job: Box<dyn Job>, figures: &Figures) {
    let mut run = || {
        // What the transaction told of that it was in before has not happened.
        outcomes::taken_back();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        job.run(&transaction)?;
        commit(transaction, 1, figures)
    };
    let ran = run();
    if let Err(error) = &ran {
        tracing::error!(%error, "a write failed");
        figures.writes_failed.add();
    }
    job.answer(ran.map_err(|error| store_error(&error)));
}

#[cfg(test)]
mod tests {
    use primitives::audit::EventKind;

    use super::*;
    use crate::Store;
    use crate::sqlite::SqliteStore;

    fn memory() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT").unwrap();
        connection
    }

    fn insert(connection: &Connection, n: i64) -> rusqlite::Result<()> {
        connection.execute("INSERT INTO t VALUES (?)", [n]).map(drop)
    }

    fn all(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
        connection.prepare("SELECT n FROM t ORDER BY n")?.query_map([], |row| row.get(0))?.collect()
    }

    /// Jobs that are all waiting before the writer sees the first, with their answers.
    fn together(numbers: &[i64], figures: &Figures) -> (Vec<Result<(), StoreError>>, Vec<i64>) {
        let mut connection = memory();
        let (sender, queue) = sync_channel(QUEUE);
        let mut answers = Vec::new();
        let mut batch: Vec<Box<dyn Job>> = Vec::new();
        for n in numbers.iter().copied() {
            let (waiting, answer) = oneshot::channel();
            answers.push(answer);
            let work = move |connection: &Connection| {
                outcomes::tell(EventKind::ClientRegistered);
                insert(connection, n)
            };
            batch.push(Box::new(Write { work, outcome: None, waiting }));
        }
        commit_together(&mut connection, &mut batch, &queue, figures);
        drop(sender);
        (answers.iter_mut().map(|answer| answer.try_recv().unwrap()).collect(), all(&connection).unwrap())
    }

    #[test]
    fn one_job_that_fails_spoils_nothing_for_the_others() {
        let figures = Figures::default();
        let (answers, rows) = together(&[1, 2, 2, 3], &figures);
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true]);
        assert_eq!(rows, [1, 2, 3]);
        assert_eq!(figures.writes_failed.value(), 1);
        let told = figures.outcomes().find(|(kind, _)| *kind == EventKind::ClientRegistered);
        assert_eq!(told, Some((EventKind::ClientRegistered, 3)), "what was taken back was not told");
        let sizes = figures.transaction_jobs.distribution();
        assert_eq!((sizes.sum, sizes.count()), (3, 3), "each was alone in the end");
    }

    #[test]
    fn a_transaction_is_counted_with_the_jobs_that_it_had() {
        let figures = Figures::default();
        let (_, rows) = together(&[1, 2, 3, 4, 5], &figures);
        assert_eq!(rows.len(), 5);
        let sizes = figures.transaction_jobs.distribution();
        assert_eq!((sizes.sum, sizes.count()), (5, 1));
        assert!(sizes.ranges.contains(&(Some(8), 1)), "{sizes:?}");
        assert_eq!(figures.commit_micros.distribution().count(), 1);
        assert_eq!(figures.outcomes().map(|(_, count)| count).sum::<u64>(), 5);
    }

    #[test]
    fn a_full_queue_is_said_at_once() {
        let (queue, jobs) = sync_channel(1);
        let figures = Arc::<Figures>::default();
        let writer = Writer { queue, thread: Mutex::new(None), figures: Arc::clone(&figures) };
        let mut first = Box::pin(writer.write(|connection| insert(connection, 1)));
        let mut second = Box::pin(writer.write(|connection| insert(connection, 2)));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(matches!(
            second.as_mut().poll(&mut context),
            std::task::Poll::Ready(Err(StoreError::Overloaded))
        ));
        assert_eq!((figures.writes_waiting.value(), figures.writes_turned_away.value()), (1, 1));
        drop(jobs);
        assert!(matches!(
            first.as_mut().poll(&mut context),
            std::task::Poll::Ready(Err(StoreError::Unavailable(_)))
        ));
    }

    #[test]
    fn a_writer_takes_nothing_whose_queue_is_full_or_whose_thread_has_ended() {
        let figures = Arc::<Figures>::default();
        let writer = Writer::start_beside(memory(), Arc::clone(&figures));
        assert!(writer.check().is_ok());
        (0..QUEUE).for_each(|_| figures.writes_waiting.up());
        assert!(matches!(writer.check(), Err(StoreError::Overloaded)));
        figures.writes_waiting.down();
        assert!(writer.check().is_ok());
        writer.close();
        assert!(matches!(writer.check(), Err(StoreError::Unavailable(_))));
    }

    /// Readers that answer are not enough.
    #[tokio::test]
    async fn a_store_that_cannot_write_is_not_well() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("matricula.db")).unwrap();
        store.check().await.unwrap();
        store.writer.close();
        assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    }
}
