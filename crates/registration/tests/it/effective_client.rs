//! Template ⊕ instance: what a client is at this moment.

use std::collections::BTreeSet;

use primitives::ordered_id::OrderedId;
use primitives::secret::SecretHash;
use primitives::store::StoreError;
use proptest::prelude::{Strategy, proptest};
use protocol::jose::{SignatureAlgorithm, SigningKey};
use protocol::scope::Scope;
use registration::access::Registrant;
use registration::client::{Brought, ClientRecord, Credential, Provenance, RegisteredClient, SecretAtRest};
use registration::definitions::{Definitions, DefinitionsDocument, Revision};
use serde_json::{Value, json};

use crate::definitions::{document, metadata, scope};

fn load(document: DefinitionsDocument) -> Definitions {
    Definitions::load(document, Revision(1), &BTreeSet::new()).unwrap()
}

fn instance(brought: Option<&Value>) -> ClientRecord {
    ClientRecord {
        profile: "staff".parse().unwrap(),
        id: OrderedId::from_bytes([1; 16]),
        template: Some("field-app".parse().unwrap()),
        metadata: brought.map(Value::to_string),
        secret: Some(SecretAtRest { hash: SecretHash::of("s"), expires_at: None }),
        provenance: Provenance {
            registrant: Registrant::Client { client_id: "enroller".into() },
            revision: Revision(1),
        },
    }
}

fn echo(record: ClientRecord, definitions: &Definitions) -> Option<Value> {
    let client = RegisteredClient::restore(record).unwrap().effective(definitions)?;
    Some(serde_json::to_value(client.to_wire()).unwrap())
}

#[test]
fn an_instance_is_what_its_template_is_now() {
    let before = load(document());
    let mut changed = document();
    changed.templates[0].metadata = metadata(&json!({
        "grant_types": ["client_credentials"], "scope": "read", "token_endpoint_auth_method": "client_secret_post",
        "client_name": "Field app",
    }));
    let after = load(changed);

    assert_eq!(echo(instance(None), &before).unwrap()["scope"], "read write");
    let now = echo(instance(None), &after).unwrap();
    assert_eq!(now["scope"], "read");
    assert_eq!(now["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(now["client_name"], "Field app");
    assert_eq!(now["software_id"], "field-app");
}

#[test]
fn what_an_instance_brought_stands_before_its_template_but_never_beyond_it() {
    let brought = json!({"client_name": "Van 7", "scope": "read write"});
    let mut narrowed = document();
    narrowed.templates[0].metadata =
        metadata(&json!({"grant_types": ["client_credentials"], "scope": "write"}));
    assert_eq!(echo(instance(Some(&brought)), &load(document())).unwrap()["client_name"], "Van 7");
    assert_eq!(echo(instance(Some(&brought)), &load(narrowed)).unwrap()["scope"], "write");
}

#[test]
fn an_instance_without_its_template_is_nobody() {
    let mut disabled = document();
    disabled.templates[0].enabled = false;
    let mut removed = document();
    removed.templates.clear();
    let mut renamed = document();
    renamed.templates[0].id = "field-app-2".into();
    for gone in [disabled, removed, renamed] {
        assert_eq!(echo(instance(None), &load(gone)), None);
    }
}

#[test]
fn a_row_that_says_what_nobody_admitted_is_corrupt_and_never_the_clients_fault() {
    for bad in [json!({"redirect_uris": ["javascript:1"]}), json!({"grant_types": []}), json!({"scope": 7})] {
        let mut record = instance(Some(&bad));
        record.template = None;
        assert!(matches!(RegisteredClient::restore(record), Err(StoreError::Corrupt(_))), "{bad}");
    }
    let record = ClientRecord { metadata: Some("{".into()), ..instance(None) };
    assert!(matches!(RegisteredClient::restore(record), Err(StoreError::Corrupt(_))));
}

#[test]
fn an_instance_may_carry_only_what_its_template_lets_go() {
    let definitions = load(document());
    let template = definitions.template(&"field-app".parse().unwrap()).unwrap();
    let read = |request: Value| {
        Brought::read(&metadata(&request), template, definitions.capabilities())
            .map_err(|rejection| rejection.problems().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(read(json!({"software_id": "field-app"})).unwrap().to_wire(), None);
    let brought = read(json!({"software_id": "field-app", "client_name": "Van 7", "scope": "read"})).unwrap();
    assert_eq!(
        serde_json::to_value(brought.to_wire()).unwrap(),
        json!({"client_name": "Van 7", "scope": "read"})
    );
    let problems = read(json!({
        "software_id": "field-app", "scope": "read admin", "grant_types": ["client_credentials"],
        "redirect_uris": ["https://evil.example/"], "token_endpoint_auth_method": "none", "jwks": {"keys": []},
        "software_statement": "x",
    }))
    .unwrap_err();
    for (problem, wanted) in problems.iter().zip([
        "redirect_uris is the template's to say",
        "token_endpoint_auth_method is the template's to say",
        "grant_types is the template's to say",
        "jwks is the template's to say",
        "software_statement is not accepted",
        "scope goes beyond what is given here with 'admin': ask for no more than 'read write'",
    ]) {
        assert!(problem.starts_with(wanted), "{problem}");
    }
    assert_eq!(problems.len(), 6);
}

#[test]
fn a_template_can_want_keys_made_on_the_device() {
    let mut signing = document();
    signing.templates[0].metadata = metadata(
        &json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt"}),
    );
    let definitions = load(signing);
    let template = definitions.template(&"field-app".parse().unwrap()).unwrap();
    let read = |request: Value| Brought::read(&metadata(&request), template, definitions.capabilities());
    let key = SigningKey::generate(SignatureAlgorithm::EdDsa).unwrap().0.public_jwk().clone();

    let brought = read(json!({"software_id": "field-app", "jwks": {"keys": [key]}})).unwrap();
    let stored = serde_json::to_value(brought.to_wire()).unwrap();
    assert_eq!(stored, json!({"jwks": {"keys": [key]}}));
    let record = ClientRecord { secret: None, ..instance(Some(&stored)) };
    let client = RegisteredClient::restore(record).unwrap().effective(&definitions).unwrap();
    assert!(matches!(client.credential(), Credential::Keys(_)));
    assert_eq!(serde_json::to_value(client.to_wire()).unwrap()["jwks"], json!({"keys": [key]}));

    let missing = read(json!({"software_id": "field-app"})).unwrap_err().to_string();
    assert!(missing.starts_with("jwks is missing: make a key on the device"), "{missing}");
}

fn scopes() -> impl Strategy<Value = Scope> {
    proptest::collection::vec(proptest::sample::select(vec!["a", "b", "c", "d"]), 1..4)
        .prop_map(|tokens| scope(&tokens.join(" ")))
}

proptest! {
    #[test]
    fn no_instance_is_wider_than_its_template(own in scopes(), template in scopes()) {
        let mut narrowed = document();
        narrowed.scopes = scope("a b c d read write");
        narrowed.templates[0].metadata =
            metadata(&json!({"grant_types": ["client_credentials"], "scope": template.to_string()}));
        let record = instance(Some(&json!({"scope": own.to_string()})));
        let client = RegisteredClient::restore(record).unwrap().effective(&load(narrowed)).unwrap();
        assert!(client.scope().is_subset(&template));
        assert!(client.scope().is_subset(&own));
    }
}
