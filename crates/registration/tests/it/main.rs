//! The heart, without HTTP and without a store.

#![recursion_limit = "512"]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod access;
mod definitions;
mod effective_client;
mod metadata;
mod served;
