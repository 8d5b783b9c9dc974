use std::sync::Arc;

use registration::client::TemplateId;
use registration::definitions::Revision;
use registration::store::StoreError;
use storage::Store;

use crate::world::{id, profile, provision};

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

    let entries = store.audit_since(registration::clock::Timestamp::from_seconds(0), 100).await.unwrap();
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

pub(crate) async fn nothing_is_kept_for_a_profile_that_is_not_known(store: Arc<dyn Store>) {
    let unknown = store.client(&profile("nowhere"), id()).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
}
