//! Making what must not be guessed.

use primitives::random::Randomness;
use protocol::jose::encode_base64url;
use registration::client::ClientSecret;

use super::say;
use crate::random::SystemRandomness;

/// Prints a new key-encryption key.
pub(super) fn keygen() {
    let mut key = [0; 32];
    SystemRandomness.fill(&mut key);
    say(encode_base64url(key));
}

/// Prints a new client secret, and what of it goes into the configuration.
pub(super) fn secret() {
    let secret = ClientSecret::generate(&SystemRandomness);
    let hash = secret.hash().to_hexadecimal();
    say(format_args!("secret, for the client:    {}", secret.reveal()));
    say(format_args!("line, for its [clients.*]: client_secret_sha256 = \"{hash}\""));
}
