//! What is in `deploy/` says the same as the program.

use clap::Parser;
use server::commands::Cli;
use server::config::EXAMPLE;
use server::config::document::{ConfigDocument, LimitsDocument};

const UNIT: &str = include_str!("../../../../deploy/matricula.service");
const CONTAINER: &str = include_str!("../../../../deploy/Containerfile");

/// The value of a line of the unit.
fn unit(name: &str) -> &'static str {
    let mut values = UNIT.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let value = values.next().unwrap_or_else(|| panic!("the unit has no {name}"));
    assert_eq!(values.next(), None, "{name} stands once");
    value
}

#[test]
fn the_unit_waits_for_longer_than_requests_are_finished_and_has_room_for_all_connections() {
    let limits = LimitsDocument::default();
    assert!(unit("TimeoutStopSec").parse::<u64>().unwrap() > limits.drain_seconds);
    assert!(unit("LimitNOFILE").parse::<usize>().unwrap() > limits.connections);
    assert_eq!(unit("ExecReload"), "/bin/kill -HUP $MAINPID");
}

#[test]
fn the_unit_and_the_container_call_a_command_that_there_is() {
    let of_unit: Vec<&str> = unit("ExecStart").split(' ').collect();
    Cli::try_parse_from(of_unit).unwrap();
    let command = CONTAINER.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let arguments: Vec<String> = serde_json::from_str(command).unwrap();
    Cli::try_parse_from(std::iter::once("matricula".to_owned()).chain(arguments)).unwrap();
}

#[test]
fn the_container_shows_the_ports_of_the_example_and_nobody_in_it_is_root() {
    let example: ConfigDocument = toml::from_str(EXAMPLE).unwrap();
    let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();
    let ports = format!("EXPOSE {} {}", port(&example.listen), port(&example.operations.unwrap().listen));
    assert!(CONTAINER.lines().any(|line| line == ports), "{ports}");
    let user = CONTAINER.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0));
}
