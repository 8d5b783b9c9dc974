//! What whoever runs the server asks, by the listener that the world does not reach.

mod healthz;
mod metrics;
mod readyz;

use http::Method;

use crate::world::Server;

#[tokio::test]
async fn nothing_else_is_there_and_nothing_can_be_sent() {
    let server = Server::demo().await;
    let operations = server.operations().await;
    for path in ["/", "/metrics/", "/staff/token", "/debug"] {
        assert_eq!(operations.get(path).await.status, 404, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(operations.send(Method::POST, path, &[], "").await.status, 405, "{path}");
        let head = operations.send(Method::HEAD, path, &[], "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
        assert_eq!(server.get(path).await.status, 404, "the world finds nothing at {path}");
    }
}
