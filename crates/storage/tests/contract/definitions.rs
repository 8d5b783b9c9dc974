use std::sync::Arc;

use primitives::audit::EventKind;
use primitives::ordered_id::OrderedId;
use primitives::store::StoreError;
use registration::client::TemplateId;
use registration::definitions::Revision;
use serde_json::json;
use storage::{DefinitionDocument, DefinitionKind, Provision, Store};

use crate::world::{event, id, profile, provision};

fn shown(changes: &[storage::Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

pub(crate) async fn only_what_changed_gets_a_revision(store: Arc<dyn Store>) {
    let first = provision(&*store, "staff", &[("a", 1), ("b", 1)]).await;
    assert_eq!(first.revision, Revision(1));
    assert_eq!(shown(&first.changes), ["template a added", "template b added"]);

    let same = provision(&*store, "staff", &[("b", 1), ("a", 1)]).await;
    assert_eq!((same.revision, same.changes.len()), (Revision(1), 0));

    let second = provision(&*store, "staff", &[("a", 2), ("c", 1)]).await;
    assert_eq!(second.revision, Revision(2));
    assert_eq!(shown(&second.changes), ["template a changed", "template c added", "template b removed"]);

    let back = provision(&*store, "staff", &[("a", 2), ("b", 1), ("c", 1)]).await;
    assert_eq!((back.revision, shown(&back.changes)), (Revision(3), vec!["template b added".to_owned()]));

    let other = provision(&*store, "open", &[("a", 9)]).await;
    assert_eq!(other.revision, Revision(1), "profiles count for themselves");

    let entries = store.audit_since(primitives::clock::Timestamp::from_seconds(0), 100).await.unwrap();
    let details: Vec<&str> = entries.iter().map(|entry| entry.detail.as_str()).collect();
    assert_eq!(details.len(), 4, "{details:?}");
    assert!(
        details[1].contains("template b removed") && details[1].contains("\"revision\":2"),
        "{details:?}"
    );
}

pub(crate) async fn a_template_id_is_remembered_for_ever(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[("old", 1)]).await;
    let later = provision(&*store, "staff", &[("new", 1)]).await;
    let ids: Vec<&str> = later.template_ids_ever.iter().map(TemplateId::as_str).collect();
    assert_eq!(ids, ["new", "old"]);
    assert!(provision(&*store, "open", &[]).await.template_ids_ever.is_empty());
}

pub(crate) async fn profiles_are_provisioned_together_or_not_at_all(store: Arc<dyn Store>) {
    assert!(store.profiles_ever().await.unwrap().is_empty());
    let one = |name: &str, event_number: u64, made: u64| {
        let mut event = event(EventKind::DefinitionsChanged);
        event.profile = profile(name);
        event.id = OrderedId::from_bytes(u128::from(event_number).to_be_bytes());
        let document = DefinitionDocument {
            kind: DefinitionKind::Profile,
            id: String::new(),
            document: json!({"made": made}),
        };
        Provision { documents: vec![document], made_by: "file".into(), event }
    };
    let both = store.provision(vec![one("staff", 1, 1), one("open", 2, 2)]).await.unwrap();
    assert_eq!(both.iter().map(|one| one.changes.len()).collect::<Vec<_>>(), [1, 1]);
    let mut ever: Vec<String> =
        store.profiles_ever().await.unwrap().iter().map(ToString::to_string).collect();
    ever.sort();
    assert_eq!(ever, ["open", "staff"]);

    // The second cannot be written, since there is an event of its name in the profile.
    assert!(store.provision(vec![one("staff", 3, 3), one("open", 2, 4)]).await.is_err());
    let again = store.provision(vec![one("staff", 4, 1)]).await;
    assert!(again.unwrap()[0].changes.is_empty(), "the first was not kept");
}

pub(crate) async fn definitions_read_back_at_the_revision_that_they_have(store: Arc<dyn Store>) {
    let staff = profile("staff");
    assert_eq!(store.revision(&staff).await.unwrap(), Revision(0));
    assert!(store.definitions(&staff).await.unwrap().documents.is_empty());
    for (templates, revision, ever) in [
        (&[("a", 1), ("b", 1)][..], 1, &["a", "b"][..]),
        (&[("a", 2)], 2, &["a", "b"]),
        (&[("a", 2)], 2, &["a", "b"]),
        (&[], 3, &["a", "b"]),
        (&[("c", 1), ("a", 2)], 4, &["a", "b", "c"]),
    ] {
        let provisioned = provision(&*store, "staff", templates).await;
        assert_eq!(provisioned.revision, Revision(revision));
        assert_eq!(store.revision(&staff).await.unwrap(), Revision(revision));
        let kept = store.definitions(&staff).await.unwrap();
        let mut wanted: Vec<_> = templates
            .iter()
            .map(|(id, version)| DefinitionDocument {
                kind: DefinitionKind::Template,
                id: (*id).to_owned(),
                document: json!({ "version": version }),
            })
            .collect();
        wanted.sort_by(|one, other| one.id.cmp(&other.id));
        assert_eq!((kept.revision, kept.documents), (Revision(revision), wanted));
        let ids: Vec<&str> = kept.template_ids_ever.iter().map(TemplateId::as_str).collect();
        assert_eq!(ids, ever);
        assert_eq!(kept.template_ids_ever, provisioned.template_ids_ever);
    }
}

pub(crate) async fn nothing_is_kept_for_a_profile_that_is_not_known(store: Arc<dyn Store>) {
    let unknown = store.client(&profile("nowhere"), id()).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
}
