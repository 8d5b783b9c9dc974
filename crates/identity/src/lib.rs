//! People sign in.
//!
//! No HTTP, no SQL, no wall clock. Users live in directories; a profile uses one directory, and several may share it.
//!
//! - [`user`]: who there is; [`claims`]: what is known of them;
//! - [`sign_in`]: from a name and a password to a session; [`password`], [`guessing`] and [`device`] are its parts;
//! - [`authentication`]: how somebody proved who they are, whichever authenticator saw it;
//! - [`session`]: single sign-on: a browser that somebody signed in with;
//! - [`manage`]: what an operator does with users;
//! - [`store`]: the port: what all of it asks of whoever keeps things.

pub mod authentication;
pub mod claims;
pub mod device;
pub mod guessing;
mod hashing_memory;
pub mod manage;
pub mod password;
pub mod session;
pub mod sign_in;
pub mod store;
pub mod user;
pub mod world;
