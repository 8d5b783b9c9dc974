//! The grants, one file each.

mod client_credentials;

pub(crate) use client_credentials::client_credentials;
