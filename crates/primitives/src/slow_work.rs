//! Work that takes so long that the threads which serve requests must not do it: RSA signatures, key generation.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;

/// Where slow work is done. How many pieces run at once is bounded; the rest waits.
pub trait SlowWork: Send + Sync {
    /// Runs the work elsewhere, and is done when it is.
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Runs the work elsewhere and brings back what came of it; `None` where it never finished.
pub async fn off_thread<T: Send + 'static>(
    slow: &dyn SlowWork,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody listens any more where the request was given up meanwhile; then what came of it is not wanted.
    slow.run(Box::new(move || drop(sender.send(work())))).await;
    receiver.try_recv().ok()
}
