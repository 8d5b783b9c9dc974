//! The process itself: started, signalled, killed, watched.

mod child;
mod durability;
mod signals;
