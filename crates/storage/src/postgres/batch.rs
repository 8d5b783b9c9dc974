//! What many ask at once is asked once: one statement, one transaction, one wait for the disk.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use deadpool_postgres::Object;
use primitives::store::StoreError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::connections::Connections;
use super::values::Failure;
use crate::Figures;
use crate::figures::{Count, Level};

/// How many questions of a kind may wait. Whoever comes when so many do is told to come again, at once.
const QUEUE: usize = 8_192;

/// The most questions in one statement.
const MAX_BATCH: usize = 512;

/// How many questions about one row may wait.
const OF_ONE_ROW: usize = 1_024;

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
    /// Begins to answer, until this is dropped.
    pub(super) fn start(connections: &Connections) -> Self {
        let (queue, receiver) = channel(QUEUE);
        tokio::spawn(answer_all::<O>(connections.clone(), receiver));
        Self { queue, figures: Arc::clone(connections.figures()) }
    }

    /// Asks, together with whoever asks at the same time.
    pub(super) async fn ask(&self, question: O::Question) -> Result<O::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        waiting_of::<O>(&self.figures).up();
        self.queue.try_send(Waiting { question, answer }).map_err(|error| {
            waiting_of::<O>(&self.figures).down();
            match error {
                TrySendError::Full(_) => {
                    turned_away::<O>(&self.figures).add();
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

fn turned_away<O: Operation>(figures: &Figures) -> &Count {
    if O::WRITES { &figures.writes_turned_away } else { &figures.reads_turned_away }
}

/// One statement at a time: while it is under way, further questions gather for the next. With two, batches were half as
/// large, and each cost PostgreSQL about as much.
async fn answer_all<O: Operation>(connections: Connections, mut queue: Receiver<Waiting<O>>) {
    let figures = Arc::clone(connections.figures());
    let (mut further, mut later) = (Vec::with_capacity(MAX_BATCH), Vec::new());
    loop {
        let mut sorted = Sorted::new(&figures);
        later.drain(..).for_each(|waiting| sorted.add(waiting));
        if sorted.now.is_empty() {
            if queue.recv_many(&mut further, MAX_BATCH).await == 0 {
                return;
            }
            further.drain(..).for_each(|waiting| sorted.add(waiting));
        } else {
            while sorted.now.len() < MAX_BATCH
                && let Ok(waiting) = queue.try_recv()
            {
                sorted.add(waiting);
            }
        }
        let Sorted { now, later: others, .. } = sorted;
        later = others;
        now.iter().for_each(|_| waiting_of::<O>(&figures).down());
        answer_together(&connections, now).await;
    }
}

/// Questions that can be asked together, and those that are about the same rows and have to wait for them.
struct Sorted<'f, O: Operation> {
    now: Vec<Waiting<O>>,
    later: Vec<Waiting<O>>,
    rows: HashMap<Key, usize>,
    figures: &'f Figures,
}

impl<'f, O: Operation> Sorted<'f, O> {
    fn new(figures: &'f Figures) -> Self {
        Self { now: Vec::new(), later: Vec::new(), rows: HashMap::new(), figures }
    }

    /// Somebody may ask about one row over and over. What waits for it takes nobody else's place, and is bounded.
    fn add(&mut self, waiting: Waiting<O>) {
        let of_row = match O::key(&waiting.question) {
            None => 1,
            Some(key) => {
                let count = self.rows.entry(key).or_default();
                *count += 1;
                *count
            }
        };
        if of_row == 1 {
            self.now.push(waiting);
        } else if of_row <= OF_ONE_ROW {
            self.later.push(waiting);
        } else {
            waiting_of::<O>(self.figures).down();
            turned_away::<O>(self.figures).add();
            drop(waiting.answer.send(Err(Failure::Full.into())));
        }
    }
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
        Err(failure) if failure.is_of_a_row() && batch.len() > 1 => {
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Ask;

    impl Operation for Ask {
        const WRITES: bool = true;
        type Question = Option<u128>;
        type Answer = ();

        fn key(question: &Self::Question) -> Option<Key> {
            question.map(|row| (1, Uuid::from_u128(row)))
        }

        async fn ask(_: &Object, questions: &[&Self::Question]) -> Result<Vec<()>, Failure> {
            Ok(vec![(); questions.len()])
        }
    }

    #[test]
    fn one_row_is_asked_about_once_at_a_time_and_takes_nobody_elses_place() {
        let figures = Figures::default();
        let mut sorted = Sorted::<Ask>::new(&figures);
        let mut answers = Vec::new();
        let mut ask = |question| {
            figures.writes_waiting.up();
            let (answer, answered) = oneshot::channel();
            sorted.add(Waiting { question, answer });
            answers.push(answered);
        };
        for _ in 0..OF_ONE_ROW + 5 {
            ask(Some(7));
        }
        for row in 0..5 {
            ask(Some(row));
            ask(None);
        }
        assert_eq!((sorted.now.len(), sorted.later.len()), (11, OF_ONE_ROW - 1));
        assert_eq!(figures.writes_turned_away.value(), 5);
        assert_eq!(figures.writes_waiting.value(), (OF_ONE_ROW + 10) as u64);
        let refused = answers.iter_mut().filter_map(|answer| answer.try_recv().ok());
        assert_eq!(refused.filter(|answer| matches!(answer, Err(StoreError::Overloaded))).count(), 5);
    }
}
