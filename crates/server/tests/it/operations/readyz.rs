//! Whether anybody should be sent here.

use std::sync::Arc;

use server::operations::Inside;

use crate::world::{Answer, Operations, Server};

fn told(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), String::from_utf8(answer.body.to_vec()).unwrap())
}

#[tokio::test]
async fn it_is_ready_when_it_can_serve() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    assert_eq!(told(&operations.get("/readyz").await), (200, "ready\n".to_owned()));
}

#[tokio::test]
async fn it_is_not_ready_before_the_profiles_are_loaded() {
    let operations = Operations::of(Arc::<Inside>::default()).await;
    let (status, text) = told(&operations.get("/readyz").await);
    assert_eq!(status, 503);
    assert!(text.starts_with("starting: ") && text.lines().count() == 1, "{text}");
}

#[tokio::test]
async fn every_reason_against_it_is_a_line() {
    let mut server = Server::demo().await;
    let operations = server.operations().await;
    server.app.store().close();
    let (status, text) = told(&operations.get("/readyz").await);
    assert_eq!((status, text.as_str()), (503, "store: the store is unavailable: the store is closed\n"));
    server.stop().await;
    let (status, text) = told(&operations.get("/readyz").await);
    assert_eq!(status, 503);
    let reasons: Vec<_> = text.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(reasons, ["draining", "store"]);
}
