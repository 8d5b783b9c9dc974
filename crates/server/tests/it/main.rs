//! The server through its real router, over real connections, on a real store. Folders are URLs, files are verbs.
#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![expect(clippy::needless_pass_by_value, reason = "tables of cases read better without ampersands")]

mod assisted_token;
mod audit;
mod authorize;
mod commands;
mod config;
mod deploy;
mod doctor;
mod introspect;
mod jwks;
mod kept;
mod nodes;
mod operations;
mod person;
mod process;
mod register;
mod request_names;
mod revocation;
mod revoke;
mod templates;
mod token;
mod userinfo;
mod users;
mod well_known;
mod world;
