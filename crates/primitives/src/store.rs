//! Why a store did not do what it was asked.

/// None of these is ever a protocol answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// More work is waiting than the store takes on. Nothing was done; the same request may succeed in a second.
    #[error("the store is overloaded")]
    Overloaded,
    /// The store cannot be reached, or refuses to write.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// What is stored makes no sense. An alarm.
    #[error("corrupt: {0}")]
    Corrupt(String),
}
