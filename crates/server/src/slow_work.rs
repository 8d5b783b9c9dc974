//! Where slow work is done: on threads of its own, as many at once as there are cores.

use std::future::Future;
use std::pin::Pin;

use primitives::slow_work::SlowWork;
use storage::figures::Level;
use tokio::sync::Semaphore;

/// A bounded number of threads beside those that serve requests.
#[derive(Debug)]
pub struct SlowThreads {
    free: Semaphore,
    threads: usize,
    waiting: Level,
}

/// Work that waits for its turn, until it is dropped.
struct Waiting<'a>(&'a Level);

impl<'a> Waiting<'a> {
    fn begin(level: &'a Level) -> Self {
        level.up();
        Self(level)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.down();
    }
}

impl SlowThreads {
    /// One thread for each core.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { free: Semaphore::new(threads), threads, waiting: Level::default() }
    }

    /// How many pieces of work are being done.
    pub(crate) fn in_work(&self) -> u64 {
        let in_work = self.threads.saturating_sub(self.free.available_permits());
        u64::try_from(in_work).unwrap_or(u64::MAX)
    }

    /// How many wait for their turn.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.value()
    }
}

impl Default for SlowThreads {
    fn default() -> Self {
        Self::new()
    }
}

impl SlowWork for SlowThreads {
    #[expect(clippy::disallowed_methods, reason = "this is the place that bounds it")]
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let waiting = Waiting::begin(&self.waiting);
            // The semaphore is never closed.
            let Ok(_permit) = self.free.acquire().await else { return };
            drop(waiting);
            if tokio::task::spawn_blocking(work).await.is_err() {
                tracing::error!("a piece of slow work had panicked");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[tokio::test]
    async fn what_is_done_and_what_waits_is_counted_and_whoever_goes_does_not_wait_any_more() {
        let slow = SlowThreads { free: Semaphore::new(1), threads: 1, waiting: Level::default() };
        let (go_on, told) = sync_channel::<()>(0);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut first = slow.run(Box::new(move || assert!(told.recv().is_ok())));
        assert!(first.as_mut().poll(&mut context).is_pending());
        let mut second = slow.run(Box::new(|| ()));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!((slow.in_work(), slow.waiting()), (1, 1));
        drop(second);
        assert_eq!((slow.in_work(), slow.waiting()), (1, 0));
        go_on.send(()).unwrap();
        first.await;
        assert_eq!((slow.in_work(), slow.waiting()), (0, 0));
    }
}
