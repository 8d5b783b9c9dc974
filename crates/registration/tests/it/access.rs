//! Which door is open to whom: all four modes against all kinds of registrants.

use std::collections::BTreeSet;

use registration::access::{Access, Registrant};

fn named(id: &str) -> BTreeSet<String> {
    BTreeSet::from([id.to_owned()])
}

#[test]
fn a_door_looks_at_where_the_token_came_from() {
    let machine = |id: &str| Registrant::Client { client_id: id.into() };
    let user = |id: &str| Registrant::User { client_id: id.into(), subject: "alice".into() };
    let clients = Access::Clients(named("a"));
    let users = Access::Users(named("a"));

    for (access, registrant, admitted) in [
        (&clients, machine("a"), true),
        (&clients, machine("b"), false),
        (&clients, user("a"), false),
        (&clients, Registrant::Anonymous, false),
        (&users, user("a"), true),
        (&users, user("b"), false),
        (&users, machine("a"), false),
        (&users, Registrant::Anonymous, false),
        (&Access::Open, Registrant::Anonymous, true),
        (&Access::Open, machine("b"), true),
        (&Access::Open, user("b"), true),
        (&clients, Registrant::Operator, true),
        (&users, Registrant::Operator, true),
    ] {
        assert_eq!(access.admits(&registrant), admitted, "{access:?} {registrant:?}");
    }
}

#[test]
fn only_a_door_for_clients_lets_a_client_get_tokens_for_it() {
    assert!(Access::Clients(named("a")).names_client("a"));
    assert!(!Access::Clients(named("a")).names_client("b"));
    assert!(!Access::Users(named("a")).names_client("a"));
    assert!(!Access::Open.names_client("a"));
}
