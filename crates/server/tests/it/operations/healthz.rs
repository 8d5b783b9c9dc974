//! Whether it lives.

use std::sync::Arc;

use server::operations::Inside;

use crate::world::{Operations, Server};

/// Whoever restarts a process for its store makes nothing better.
#[tokio::test]
async fn it_lives_before_it_has_started_and_also_without_its_store() {
    let starting = Operations::of(Arc::<Inside>::default()).await;
    assert_eq!(starting.get("/healthz").await.status, 200);

    let server = Server::demo().await;
    let operations = server.operations().await;
    server.app.store().close();
    let answer = operations.get("/healthz").await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"ok\n"[..]));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
}
