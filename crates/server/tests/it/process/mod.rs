//! The process itself: started, signalled, killed, watched.

mod audit;
pub(crate) mod child;
mod connections;
mod durability;
mod environment;
mod logs;
mod operations;
mod signals;
