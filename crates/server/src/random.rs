//! The one place where the process draws random bytes.

use primitives::random::Randomness;

/// The random number generator of the cryptographic library, seeded by the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    /// A server that cannot draw random bytes must not hand out anything, so it stops.
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            tracing::error!("the random number generator failed");
            std::process::abort();
        }
    }
}
