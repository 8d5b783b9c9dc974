//! The ceiling of signing in: the one slow step, and nothing else.

use std::time::{Duration, Instant};

use anyhow::Context;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use identity::password::{LANES, MEMORY_KIB, PASSES};

use super::super::Outcome;
use super::super::load::outcome;
use super::browser::PASSWORD;

pub(super) const SALT: &[u8; 16] = b"sixteen bytes...";

/// What the server hashes with.
pub(super) fn argon2id() -> anyhow::Result<Argon2<'static>> {
    let parameters =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

/// Hashes a password over and over, on as many threads as the server does: one for each core. Each keeps its memory.
pub(super) fn hash(seconds: u64) -> anyhow::Result<Outcome> {
    let (time, begun) = (Duration::from_secs(seconds), Instant::now());
    let one_thread = || {
        let argon2id = argon2id()?;
        let (mut memory, mut hash) = (vec![Block::new(); argon2id.params().block_count()], [0; 32]);
        let mut took = Vec::new();
        while begun.elapsed() < time {
            let asked = Instant::now();
            argon2id
                .hash_password_into_with_memory(PASSWORD.as_bytes(), SALT, &mut hash, &mut memory)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            took.push(asked.elapsed());
        }
        anyhow::Ok(took)
    };
    let took = std::thread::scope(|scope| {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(one_thread)).collect();
        let ended = threads.into_iter().map(|thread| thread.join().ok().context("a thread panicked")?);
        ended.collect::<Result<Vec<_>, _>>()
    })?;
    outcome(took.concat(), begun.elapsed())
}
