//! The process: configuration in, HTTP out, and nothing in between that decides anything.
//!
//! [`app::App`] holds what lives as long as the process; [`http`] turns requests into use cases and their outcomes
//! into responses; [`run`] listens, drains and closes; [`operations`] tells whoever runs it how it is doing. Commands of
//! the binary are in [`commands`].

pub mod activity;
pub mod app;
mod body_memory;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod figures;
pub mod free_port;
pub mod http;
mod idle_watch;
pub mod logging;
pub mod operations;
pub mod pages;
pub mod profiles;
pub mod random;
mod request_name;
pub mod run;
pub mod slow_work;
mod waiting_room;
