//! Connections on which nobody asks anything: silent ones, and those whose request never gets beyond its head.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Watches one connection. It costs one timer for the life of the connection, and none for a request.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    opened: Instant,
    /// Requests that are being answered.
    busy: AtomicU32,
    /// Since when there are none, in milliseconds after the connection was opened.
    idle_since: AtomicU64,
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Busy(Arc<IdleWatch>);

impl IdleWatch {
    pub(crate) fn new() -> Self {
        Self { opened: Instant::now(), busy: AtomicU32::new(0), idle_since: AtomicU64::new(0) }
    }

    /// The head of a request has arrived.
    pub(crate) fn begin(watch: &Arc<Self>) -> Busy {
        watch.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(watch))
    }

    /// Waits until nothing has been asked for so long.
    pub(crate) async fn until_idle_for(&self, limit: Duration) {
        loop {
            let idle_since = if self.busy.load(Ordering::Acquire) > 0 {
                Instant::now()
            } else {
                self.opened + Duration::from_millis(self.idle_since.load(Ordering::Relaxed))
            };
            let deadline = idle_since + limit;
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let elapsed = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.idle_since.store(elapsed, Ordering::Relaxed);
        // Whoever sees that nobody asks also sees since when.
        self.0.busy.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(15);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_from_its_opening_or_its_last_answer() {
        let watch = Arc::new(IdleWatch::new());
        let begun = Instant::now();
        advance(Duration::from_secs(10)).await;
        let busy = IdleWatch::begin(&watch);
        advance(Duration::from_secs(60)).await;
        drop(busy);
        watch.until_idle_for(LIMIT).await;
        assert_eq!(begun.elapsed().as_secs(), 10 + 60 + 15);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_never_asks_is_not_waited_for() {
        let watch = IdleWatch::new();
        watch.until_idle_for(LIMIT).await;
        assert_eq!(watch.opened.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_long_is_waited_for() {
        let watch = Arc::new(IdleWatch::new());
        let _busy = IdleWatch::begin(&watch);
        let waited = tokio::time::timeout(Duration::from_secs(3_600), watch.until_idle_for(LIMIT)).await;
        assert!(waited.is_err());
    }
}
