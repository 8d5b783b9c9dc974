//! Rows as both engines say them, and a digest of them.

use aws_lc_rs::digest::{Context, SHA256};

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Nothing,
    Number(i64),
    Bytes(Vec<u8>),
    Text(String),
}

/// A digest of rows, in the order of their keys.
pub(super) struct Digest {
    context: Context,
    rows: u64,
}

/// How many rows, and the SHA-256 of all that is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digested {
    pub(super) rows: u64,
    pub(super) sha256: Vec<u8>,
}

impl Digest {
    pub(super) fn new() -> Self {
        Self { context: Context::new(&SHA256), rows: 0 }
    }

    /// Adds a row. Each value says what it is and how long, so that no two rows look alike.
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            let mut add = |tag: u8, bytes: &[u8]| {
                self.context.update(&[tag]);
                self.context.update(&(bytes.len() as u64).to_be_bytes());
                self.context.update(bytes);
            };
            match value {
                Value::Nothing => add(0, &[]),
                Value::Number(number) => add(1, &number.to_be_bytes()),
                Value::Bytes(bytes) => add(2, bytes),
                Value::Text(text) => add(3, text.as_bytes()),
            }
        }
    }

    pub(super) fn finish(self) -> Digested {
        Digested { rows: self.rows, sha256: self.context.finish().as_ref().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[&[Value]]) -> Digested {
        let mut digest = Digest::new();
        rows.iter().for_each(|row| digest.add(row));
        digest.finish()
    }

    #[test]
    fn rows_that_differ_have_other_digests() {
        let text = |text: &str| Value::Text(text.to_owned());
        let all = [
            digest(&[]),
            digest(&[&[text("ab"), text("c")]]),
            digest(&[&[text("a"), text("bc")]]),
            digest(&[&[text("a")], &[text("bc")]]),
            digest(&[&[Value::Bytes(b"a".to_vec()), text("bc")]]),
            digest(&[&[Value::Nothing, text("bc")]]),
            digest(&[&[text(""), text("bc")]]),
            digest(&[&[Value::Number(0), text("bc")]]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all.iter().skip(place + 1).all(|other| other != one), "{place}");
        }
    }
}
