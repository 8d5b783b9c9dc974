//! The heart, without HTTP and without a store.

#![recursion_limit = "512"]

mod access;
mod definitions;
mod effective_client;
mod metadata;
mod served;
