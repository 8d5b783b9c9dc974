//! What everything else is made of, below every use case: time and randomness as arguments, names that sort by time,
//! secrets at rest, which characters deceive, what is written down about what happened, and why a store did not answer.
//!
//! Nothing here decides anything. It stands beneath `registration` and `identity`, so that neither needs the other.

pub mod audit;
pub mod clock;
pub mod deception;
pub mod names;
pub mod ordered_id;
pub mod random;
pub mod secret;
pub mod slow_work;
pub mod store;
