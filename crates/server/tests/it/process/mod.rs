//! The process itself: started, signalled, killed, watched.

mod child;
mod connections;
mod durability;
mod signals;
