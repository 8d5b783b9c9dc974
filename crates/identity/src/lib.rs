//! People sign in.
//!
//! No HTTP, no SQL, no wall clock. Users live in directories; a profile uses one directory, and several may share it.
//!
//! - [`user`]: who there is, and what is known of them;
//! - [`authentication`]: how somebody proved who they are, whichever authenticator saw it;
//! - [`session`]: single sign-on: a browser that somebody signed in with.

pub mod authentication;
pub mod session;
pub mod store;
pub mod user;
