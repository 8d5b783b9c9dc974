//! Where slow work is done: on threads of its own, as many at once as there are cores.

use std::future::Future;
use std::pin::Pin;

use primitives::slow_work::SlowWork;
use tokio::sync::Semaphore;

/// A bounded number of threads beside those that serve requests.
#[derive(Debug)]
pub struct SlowThreads {
    free: Semaphore,
}

impl SlowThreads {
    /// One thread for each core.
    pub fn new() -> Self {
        Self { free: Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)) }
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
            // The semaphore is never closed.
            let Ok(_permit) = self.free.acquire().await else { return };
            if tokio::task::spawn_blocking(work).await.is_err() {
                tracing::error!("a piece of slow work had panicked");
            }
        })
    }
}
