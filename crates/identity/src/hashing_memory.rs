//! The memory that passwords are hashed in, kept from one to the next.
//!
//! The system takes about as long to hand 19 MiB out as a pass over them does. And an allocator may keep what is given back
//! with each thread that ever asked: a server that signed a few hundred people in held a gigabyte.

use std::sync::{Mutex, PoisonError};

use argon2::Block;

use crate::password::MEMORY_KIB;

/// What nobody is hashing in. There is no more of it than was in use at once, and that is bounded by whoever runs slow
/// work.
static FREE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Does some work with so many blocks (of 1 KiB). What is in them is what the last work has left, which tells no more than
/// memory that was given back. More than this server's own hashes take is not kept.
pub(crate) fn with_blocks<T>(count: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
    let usual = MEMORY_KIB as usize;
    if count > usual {
        return work(&mut vec![Block::new(); count]);
    }
    let free = || FREE.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = free().pop();
    let mut blocks = kept.unwrap_or_else(|| vec![Block::new(); usual]);
    let done = work(blocks.get_mut(..count).unwrap_or_default());
    free().push(blocks);
    done
}
