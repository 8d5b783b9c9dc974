//! People sign in, on a real store. They stand here and not beside `identity`, which knows of no store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod guessing;
mod managing;
mod sessions;
mod signing_in;
mod world;
