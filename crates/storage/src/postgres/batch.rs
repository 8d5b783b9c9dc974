//! What many ask at once is asked once: one statement, one transaction, one wait for the disk.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use deadpool_postgres::Object;
use primitives::store::StoreError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Mutex, oneshot};
use uuid::Uuid;

use super::connections::Connections;
use super::values::Failure;
use crate::Figures;
use crate::figures::Level;

/// How many questions of a kind may wait. Whoever comes when so many do is told to come again, at once.
const QUEUE: usize = 8_192;

/// The most questions in one statement.
const MAX_BATCH: usize = 512;

/// How many statements of a kind are under way. While it is, further questions gather for the next; with more than one,
/// batches are smaller, and each costs PostgreSQL about as much.
const UNDER_WAY: usize = 1;

/// The name of a row that a question is about: the number of its profile and its id.
pub(super) type Key = (i32, Uuid);

/// A kind of question that can be asked for many at once, in one statement. A statement is its own transaction.
pub(super) trait Operation: Send + Sync + 'static {
    /// Whether it changes anything.
    const WRITES: bool;

    /// What is asked.
    type Question: Send + Sync;
    /// What is answered.
    type Answer: Send;

    /// The row that must not be decided about twice in one statement, where there is one.
    fn key(question: &Self::Question) -> Option<Key>;

    /// Asks; the answers are in the order of the questions.
    fn ask(
        connection: &Object,
        questions: &[&Self::Question],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Failure>> + Send;
}

struct Waiting<O: Operation> {
    question: O::Question,
    answer: oneshot::Sender<Result<O::Answer, StoreError>>,
}

/// Where questions of a kind are gathered.
pub(super) struct Batches<O: Operation> {
    queue: Sender<Waiting<O>>,
    figures: Arc<Figures>,
}

impl<O: Operation> Batches<O> {
    /// Begins to answer. It ends with the last connection.
    pub(super) fn start(connections: &Connections) -> Self {
        let (queue, receiver) = channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..UNDER_WAY {
            tokio::spawn(answer_all::<O>(connections.clone(), Arc::clone(&receiver)));
        }
        Self { queue, figures: Arc::clone(connections.figures()) }
    }

    /// Asks, together with whoever asks at the same time.
    pub(super) async fn ask(&self, question: O::Question) -> Result<O::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        waiting_of::<O>(&self.figures).up();
        self.queue.try_send(Waiting { question, answer }).map_err(|error| {
            waiting_of::<O>(&self.figures).down();
            match error {
                TrySendError::Full(_) if O::WRITES => {
                    self.figures.writes_turned_away.add();
                    Failure::Full
                }
                TrySendError::Full(_) => {
                    self.figures.reads_turned_away.add();
                    Failure::Full
                }
                TrySendError::Closed(_) => Failure::Closed,
            }
        })?;
        answered.await.map_err(|_gone| Failure::Closed)?
    }
}

fn waiting_of<O: Operation>(figures: &Figures) -> &Level {
    if O::WRITES { &figures.writes_waiting } else { &figures.reads_waiting }
}

async fn answer_all<O: Operation>(connections: Connections, queue: Arc<Mutex<Receiver<Waiting<O>>>>) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    loop {
        if waiting.is_empty() {
            // One task at a time waits here; the other waits for its turn.
            if queue.lock().await.recv_many(&mut waiting, MAX_BATCH).await == 0 {
                return;
            }
        } else if let Ok(mut queue) = queue.try_lock() {
            // Somebody asks about one row over and over. That must not hold up everybody else.
            while waiting.len() < MAX_BATCH
                && let Ok(further) = queue.try_recv()
            {
                waiting.push(further);
            }
        }
        let (now, later) = apart(std::mem::take(&mut waiting));
        waiting = later;
        now.iter().for_each(|_| waiting_of::<O>(connections.figures()).down());
        answer_together(&connections, now).await;
    }
}

/// Those that can be asked together, and those that are about the same rows and have to wait for them.
fn apart<O: Operation>(waiting: Vec<Waiting<O>>) -> (Vec<Waiting<O>>, Vec<Waiting<O>>) {
    let mut rows = HashSet::new();
    waiting.into_iter().partition(|waiting| O::key(&waiting.question).is_none_or(|key| rows.insert(key)))
}

async fn answer_together<O: Operation>(connections: &Connections, batch: Vec<Waiting<O>>) {
    let questions: Vec<&O::Question> = batch.iter().map(|waiting| &waiting.question).collect();
    match ask::<O>(connections, &questions).await {
        Ok(answers) => {
            for (waiting, answer) in batch.into_iter().zip(answers) {
                // Whoever asked may have gone; what was written stays written.
                drop(waiting.answer.send(Ok(answer)));
            }
        }
        // One of them spoilt it for all. Each alone shows which.
        Err(failure) if failure.is_refusal() && batch.len() > 1 => {
            for Waiting { question, answer } in batch {
                let alone = ask::<O>(connections, &[&question]).await;
                let alone = alone.and_then(|mut answers| answers.pop().ok_or(Failure::Closed));
                drop(answer.send(alone.map_err(|failure| told::<O>(failure, connections.figures()))));
            }
        }
        Err(failure) => {
            let error = told::<O>(failure, connections.figures());
            for waiting in batch {
                drop(waiting.answer.send(Err(error.clone())));
            }
        }
    }
}

async fn ask<O: Operation>(
    connections: &Connections,
    questions: &[&O::Question],
) -> Result<Vec<O::Answer>, Failure> {
    let begun = Instant::now();
    let answers = connections
        .retrying(|| async {
            let connection = connections.get().await?;
            O::ask(&connection, questions).await
        })
        .await?;
    if O::WRITES {
        connections.count(questions.len(), begun);
    }
    if answers.len() == questions.len() {
        Ok(answers)
    } else {
        Err(Failure::Corrupt(format!("{} questions have {} answers", questions.len(), answers.len())))
    }
}

fn told<O: Operation>(failure: Failure, figures: &Figures) -> StoreError {
    if O::WRITES {
        figures.writes_failed.add();
    }
    let error = StoreError::from(failure);
    if !matches!(error, StoreError::Overloaded) {
        tracing::error!(%error, "the store did not do what it was asked");
    }
    error
}
