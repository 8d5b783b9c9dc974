//! The memory that bodies of requests take while they arrive: nobody has been authenticated yet when it is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much all of them together may take, in bytes.
const MAX: usize = 128 * 1024 * 1024;

/// The memory that bodies take.
#[derive(Debug, Default)]
pub(crate) struct BodyMemory(Arc<AtomicUsize>);

/// What has arrived of a body. It counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    counted: usize,
    all: Arc<AtomicUsize>,
}

/// There is no more memory for bodies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl BodyMemory {
    /// A body begins to arrive.
    pub(crate) fn begin(&self) -> Held {
        Held { bytes: Vec::new(), counted: 0, all: Arc::clone(&self.0) }
    }
}

impl Held {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes on a further part.
    pub(crate) fn take(&mut self, data: &[u8]) -> Result<(), Full> {
        let before = self.all.fetch_add(data.len(), Ordering::Relaxed);
        self.counted += data.len();
        if before.saturating_add(data.len()) > MAX {
            return Err(Full);
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 64 * 1024;

    #[test]
    fn all_bodies_together_take_no_more_than_so_much_memory() {
        let bodies = BodyMemory::default();
        let chunk = vec![b'x'; SIZE];
        let mut arriving = Vec::new();
        for _ in 0..MAX / SIZE {
            let mut body = bodies.begin();
            assert_eq!(body.take(&chunk), Ok(()));
            arriving.push(body);
        }
        assert_eq!(bodies.begin().take(b"x"), Err(Full));
        arriving.pop();
        assert_eq!(bodies.begin().take(&chunk), Ok(()), "what has been dealt with makes room");
        drop(arriving);
        assert_eq!(bodies.0.load(Ordering::Relaxed), 0);
    }
}
