//! Identifiers that sort by the time they were made, as bytes and as text.
//!
//! Rows are appended, not scattered: with random keys the same writer is several times slower
//! (`docs/decisions/0003-sqlite.md`). They name things and prove nothing; whatever must not be guessed has a secret besides.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Timestamp;
use crate::random::Randomness;

/// Digits in ascending ASCII order, so that text sorts as bytes do (RFC 4648 §7, lower case).
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// The length of an identifier as text.
pub const TEXT_LENGTH: usize = 26;

/// 128 bits: 48 of milliseconds, 16 that count within one, 64 random ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderedId([u8; 16]);

impl OrderedId {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// What no identifier of this millisecond or later sorts before. It names nothing.
    pub const fn first_at(at: Timestamp) -> Self {
        Self(((at.millis() as u128) << 80).to_be_bytes())
    }

    /// Its bytes, which sort by time.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// When it was made.
    pub const fn made_at(&self) -> Timestamp {
        Timestamp::from_millis((u128::from_be_bytes(self.0) >> 80) as u64)
    }
}

impl fmt::Display for OrderedId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        let mut text = [0; TEXT_LENGTH];
        for (index, place) in text.iter_mut().enumerate() {
            // 26 digits of 5 bits hold two bits more than there are; they are zero, at the end.
            let shift = 123_i32 - 5 * i32::try_from(index).unwrap_or_default();
            let digit = (if shift >= 0 { bits >> shift } else { bits << -shift }) & 31;
            *place = DIGITS.get(usize::try_from(digit).unwrap_or_default()).copied().unwrap_or_default();
        }
        formatter.write_str(std::str::from_utf8(&text).map_err(|_never| fmt::Error)?)
    }
}

impl fmt::Debug for OrderedId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Text that is no identifier of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this server")]
pub struct NotAnId;

impl FromStr for OrderedId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.len() != TEXT_LENGTH {
            return Err(NotAnId);
        }
        let (last, head) = text.as_bytes().split_last().ok_or(NotAnId)?;
        let digit = |byte: u8| -> Result<u128, NotAnId> {
            DIGITS.iter().position(|known| *known == byte).map(|value| value as u128).ok_or(NotAnId)
        };
        let bits = head.iter().try_fold(0_u128, |bits, byte| Ok((bits << 5) | digit(*byte)?))?;
        let last = digit(*last)?;
        // 25 digits are 125 bits; three of the last digit's five belong to the number.
        if last & 0b11 != 0 {
            return Err(NotAnId);
        }
        Ok(Self(((bits << 3) | (last >> 2)).to_be_bytes()))
    }
}

/// Makes identifiers, each later than the one before, also within a millisecond and when the clock steps back.
#[derive(Debug, Default)]
pub struct IdSource {
    last: AtomicU64,
}

impl IdSource {
    /// The next identifier.
    pub fn next(&self, now: Timestamp, random: &dyn Randomness) -> OrderedId {
        let at_least = now.millis() << 16;
        let place = |last: u64| at_least.max(last.wrapping_add(1));
        // Relaxed is enough: only the values must differ, nothing else is published with them.
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(place(last)))
            .unwrap_or_else(|last| last);
        let mut bytes = [0; 16];
        let (time, rest) = bytes.split_at_mut(8);
        time.copy_from_slice(&place(previous).to_be_bytes());
        random.fill(rest);
        OrderedId(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    struct Zeros;

    impl Randomness for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn later_identifiers_sort_behind_earlier_ones_even_when_the_clock_steps_back() {
        let source = IdSource::default();
        let moments = [1_795_421_565_000, 1_795_421_565_000, 1_795_421_564_000, 1_795_421_565_001];
        let ids: Vec<String> =
            moments.iter().map(|at| source.next(Timestamp::from_millis(*at), &Zeros).to_string()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        let first: OrderedId = ids[0].parse().unwrap();
        assert_eq!(first.made_at(), Timestamp::from_millis(moments[0]));
    }

    proptest! {
        #[test]
        fn text_and_bytes_say_the_same_in_the_same_order(a in any::<[u8; 16]>(), b in any::<[u8; 16]>()) {
            let (a, b) = (OrderedId::from_bytes(a), OrderedId::from_bytes(b));
            assert_eq!(a.to_string().parse(), Ok(a));
            assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn no_two_texts_name_one_thing() {
        let id = OrderedId::from_bytes([0xff; 16]).to_string();
        assert_eq!(id, "vvvvvvvvvvvvvvvvvvvvvvvvvs");
        for other in
            ["vvvvvvvvvvvvvvvvvvvvvvvvvt", "vvvvvvvvvvvvvvvvvvvvvvvvv", "VVVVVVVVVVVVVVVVVVVVVVVVVS", "", "é"]
        {
            assert_eq!(other.parse::<OrderedId>(), Err(NotAnId));
        }
    }
}
