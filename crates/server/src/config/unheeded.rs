//! What an operator wrote down and nobody heeds: a client's answer would show it, and an operator gets none.

use protocol::client_metadata::ClientMetadata;
use registration::definitions::{Definitions, DefinitionsDocument};
use serde_json::{Map, Value};

/// One sentence for each, with its place; `profile` is where the profile is written, as in `profiles.staff`.
pub(super) fn warnings(profile: &str, written: &DefinitionsDocument, loaded: &Definitions) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |at: &str, text: String| warnings.push(format!("{profile}.{at}: {text}"));
    let templates = written.templates.iter().filter_map(|template| {
        let now = loaded.template(&template.id.parse().ok()?)?.metadata().to_wire();
        Some((format!("templates.{}", template.id), &template.metadata, now))
    });
    let clients = written.clients.iter().filter_map(|client| {
        let now = loaded.client(&client.id)?.metadata().to_wire();
        Some((format!("clients.{}", client.id), &client.metadata, now))
    });
    for (at, stated, now) in templates.chain(clients) {
        for (member, text) in unheeded(stated, &now) {
            warn(&format!("{at}.metadata.{member}"), text);
        }
    }
    for client in written.clients.iter().filter(|client| {
        client.secret.as_ref().is_some_and(|hash| hash.as_bytes().iter().all(|byte| *byte == 0))
    }) {
        warn(
            &format!("clients.{}", client.id),
            "its client_secret_sha256 is the example's: no secret has it, so this client cannot authenticate"
                .into(),
        );
    }
    if written.own_door.as_ref().is_some_and(|door| door.policy.scope_ceiling.is_empty()) {
        warn("registration.own.scopes", "is empty: clients that register here can get no token".into());
    }
    warnings
}

/// Members that were written down and came to nothing, or to less, with what became of them.
fn unheeded(stated: &ClientMetadata, now: &ClientMetadata) -> Vec<(String, String)> {
    let members = |metadata: &ClientMetadata| match serde_json::to_value(metadata) {
        Ok(Value::Object(members)) => members,
        // Metadata is written as an object.
        _ => Map::new(),
    };
    let now = members(now);
    let became = members(stated).into_iter().filter_map(|(name, stated)| match (&stated, now.get(&name)) {
        (_, None) if stated != Value::Bool(false) => {
            Some((name, "has no effect here, and is left out".to_owned()))
        }
        (Value::Array(stated), Some(Value::Array(now))) => {
            let lost: Vec<String> =
                stated.iter().filter(|item| !now.contains(item)).map(ToString::to_string).collect();
            (!lost.is_empty())
                .then(|| (name, format!("{} is not served here, and is left out", lost.join(", "))))
        }
        _ => None,
    });
    became.collect()
}
