//! Whether a store is well, and how it is doing.

use std::sync::Arc;

use primitives::audit::EventKind;
use primitives::store::StoreError;
use storage::Store;

use crate::world::{paid_by, provision, token};

pub(crate) async fn an_open_store_answers_and_a_closed_one_says_that_it_is_closed(store: Arc<dyn Store>) {
    store.check().await.unwrap();
    provision(&*store, "staff", &[]).await;
    store.check().await.unwrap();
    store.close();
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
}

pub(crate) async fn what_is_committed_is_counted_with_what_it_told_of(store: Arc<dyn Store>) {
    provision(&*store, "staff", &[("field-app", 1)]).await;
    let told = |kind| store.figures().outcomes().find(|(known, _)| *known == kind).unwrap().1;
    assert_eq!((told(EventKind::DefinitionsChanged), told(EventKind::ClientRegistered)), (1, 0));
    for _ in 0..3 {
        store.insert(paid_by(None)).await.unwrap();
    }
    // Nothing is written where the token is not good.
    store.insert(paid_by(Some(token().id))).await.unwrap();
    assert_eq!(told(EventKind::ClientRegistered), 3);
    let figures = store.figures();
    assert_eq!((figures.reads_waiting.value(), figures.writes_waiting.value()), (0, 0));
    assert_eq!(figures.writes_failed.value(), 0);
}
