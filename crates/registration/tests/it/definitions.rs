//! What an operator writes down is believed once everything in it works.

use std::collections::BTreeSet;
use std::time::Duration;

use primitives::secret::SecretHash;
use protocol::client_metadata::ClientMetadata;
use protocol::scope::Scope;
use registration::access::Access;
use registration::client::Terms;
use registration::definitions::{
    Definitions, DefinitionsDocument, NamedTemplate, OperatorClientDocument, OwnDoor, Revision,
    TemplateDocument,
};
use registration::policy::Policy;
use serde_json::{Value, json};

use crate::served::machines;

pub(crate) fn metadata(members: &Value) -> ClientMetadata {
    ClientMetadata::from_members(members.as_object().unwrap().clone()).unwrap()
}

pub(crate) fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

pub(crate) fn template(id: &str) -> TemplateDocument {
    TemplateDocument {
        id: id.into(),
        access: Some(Access::Clients(BTreeSet::from(["enroller".to_owned()]))),
        enabled: true,
        metadata: metadata(&json!({"grant_types": ["client_credentials"], "scope": "read write"})),
        may_set: vec!["client_name".into(), "scope".into()],
        secret_lifetime: None,
        terms: Terms::default(),
    }
}

pub(crate) fn document() -> DefinitionsDocument {
    DefinitionsDocument {
        profile: "staff".parse().unwrap(),
        capabilities: machines(),
        implicit_grant: false,
        scopes: scope("read write"),
        own_door: None,
        templates: vec![template("field-app")],
        clients: vec![OperatorClientDocument {
            id: "enroller".into(),
            enabled: true,
            metadata: metadata(&json!({"grant_types": ["client_credentials"], "scope": "read"})),
            secret: Some(SecretHash::of("enroller-secret")),
            terms: Terms::default(),
        }],
        initial_access_token_lifetime: Duration::from_secs(600),
    }
}

fn problems(document: DefinitionsDocument) -> Vec<String> {
    let problems = Definitions::load(document, Revision(1), &BTreeSet::new()).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_problem_of_a_document_is_named_with_its_place() {
    let mut bad = document();
    bad.scopes = scope("read write dcr");
    bad.own_door = Some(OwnDoor {
        access: Access::Clients(BTreeSet::from(["nobody".to_owned()])),
        policy: Policy { scope_ceiling: scope("read admin"), default_scope: scope("write") },
        secret_lifetime: None,
    });
    bad.templates[0].may_set.push("redirect_uris".into());
    bad.templates[0].metadata = metadata(&json!({"grant_types": ["password"], "jwks": {"keys": []}}));
    bad.templates.push(TemplateDocument {
        id: "a b".into(),
        access: Some(Access::Users(BTreeSet::new())),
        ..template("x")
    });
    bad.clients.push(OperatorClientDocument { id: "a:b".into(), secret: None, ..bad.clients[0].clone() });
    let problems = problems(bad);
    for wanted in [
        "resource.scopes: 'dcr' has a meaning of its own here",
        "registration.own.scopes: 'admin': no resource of this profile has these scopes",
        "registration.own.default_scopes: 'write' is not among the scopes of this door",
        "registration.own.access: there is no client 'nobody' in this profile",
        "templates.field-app.may_set: 'redirect_uris' is not one of client_name, client_uri",
        "templates.field-app.metadata: grant_types has nothing that is served here",
        "templates.field-app.metadata: jwks is no part of a template",
        "templates.a b: a template's id has 1 to 64 characters",
        "templates.a b.access: 'users' need a place to sign in: give the profile a [sign_in]",
        "clients.a:b: a client's id has 1 to 64 printable characters",
        "clients.a:b: 'client_secret_basic' needs a secret",
    ] {
        assert!(problems.iter().any(|problem| problem.starts_with(wanted)), "{wanted}\n{problems:#?}");
    }
}

#[test]
fn an_id_of_the_servers_own_form_belongs_to_no_operator_client() {
    for id in ["0000000000000000000000000g", "https://app.example/client"] {
        let mut bad = document();
        bad.clients.push(OperatorClientDocument { id: id.into(), ..bad.clients[0].clone() });
        assert_eq!(problems(bad).len(), 1, "{id}");
    }
}

#[test]
fn a_profile_that_says_nothing_of_registration_registers_nobody() {
    let mut silent = document();
    silent.templates[0].access = None;
    assert!(!Definitions::load(silent, Revision(1), &BTreeSet::new()).unwrap().registers_clients());
    assert!(Definitions::load(document(), Revision(1), &BTreeSet::new()).unwrap().registers_clients());
}

#[test]
fn a_name_that_was_once_a_template_never_becomes_plain_metadata() {
    let ever = BTreeSet::from(["old-app".parse().unwrap()]);
    let mut document = document();
    document.templates.push(TemplateDocument { enabled: false, ..template("off-app") });
    let definitions = Definitions::load(document, Revision(2), &ever).unwrap();
    let named = |id: &str| definitions.template_named_in(&metadata(&json!({ "software_id": id })));
    assert!(
        matches!(named("field-app"), NamedTemplate::Template(template) if template.id().as_str() == "field-app")
    );
    assert_eq!(named("old-app"), NamedTemplate::Gone);
    assert_eq!(named("off-app"), NamedTemplate::Gone);
    assert_eq!(named("never-heard-of"), NamedTemplate::None);
    assert_eq!(named("not a name"), NamedTemplate::None);
    assert_eq!(definitions.template_named_in(&ClientMetadata::default()), NamedTemplate::None);
}
