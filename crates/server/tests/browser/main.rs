//! The pages in a browser: Chromium, driven through WebDriver, before a server in a process of its own. Nothing here
//! leaves the machine (`docs/decisions/0010-browser-tests.md`).
#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

#[path = "../it/process/child.rs"]
#[expect(dead_code, reason = "other tests do more with a process")]
mod child;

mod assisted_token;
mod chromium;
mod cookies;
mod install;
mod other_sites;
mod questions;
mod sign_out;
mod site;
mod without_scripts;
mod world;
