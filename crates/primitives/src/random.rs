//! Randomness is an argument.

use protocol::jose::encode_base64url;
use zeroize::Zeroizing;

/// Where unpredictable bytes come from.
pub trait Randomness: Send + Sync {
    /// Fills the whole buffer. There is no failure that a caller could handle: an implementation that cannot deliver
    /// must not return.
    fn fill(&self, bytes: &mut [u8]);
}

/// 256 bits of entropy as 43 characters from `[A-Za-z0-9_-]`.
pub fn secret_text(random: &dyn Randomness) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut());
    Zeroizing::new(encode_base64url(bytes.as_slice()))
}
