//! What whoever runs the server is told of its inside: whether it lives, whether it is ready, how it is doing.
//!
//! It is served by a listener of its own, away from the world. It begins before the store is opened and ends after it is
//! closed, so that there is always somebody to ask.

mod metrics;

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use primitives::store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::app::App;

/// How long the store may take to say that it is well.
const STORE_ANSWERS_IN: Duration = Duration::from_secs(1);

/// How long a question and its answer may take, from the first byte to the last.
const ANSWERED_IN: Duration = Duration::from_secs(10);

/// Probes and a scraper or two.
const CONNECTIONS: usize = 32;

/// How long the loop waits after the system would not give it a connection, so that it does not spin.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// The server as it is seen from here: it may not be there yet.
#[derive(Debug, Default)]
pub struct Inside {
    app: OnceLock<Arc<App>>,
}

impl Inside {
    /// The server has opened its store and loaded its profiles.
    pub fn started(&self, app: Arc<App>) {
        // It starts once.
        drop(self.app.set(app));
    }

    /// Why nobody should be sent here, in words; nothing where it is ready.
    async fn reasons_against(&self) -> Vec<String> {
        let Some(app) = self.app.get() else {
            return vec!["starting: the store is being opened and the profiles are being loaded".to_owned()];
        };
        let mut reasons = Vec::new();
        if app.figures().is_draining() {
            reasons.push("draining: it was told to stop, and finishes what is under way".to_owned());
        }
        if app.profiles().iter().next().is_none() {
            reasons.push("profiles: none is loaded".to_owned());
        }
        reasons.extend(reason_of_store(app.store().check()).await);
        reasons
    }

    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        const TEXT: &str = "text/plain; charset=utf-8";
        if !matches!(*method, Method::GET | Method::HEAD) {
            return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "ask with GET\n".to_owned());
        }
        match path {
            "/healthz" => response(StatusCode::OK, TEXT, "ok\n".to_owned()),
            "/readyz" => {
                let reasons = self.reasons_against().await;
                if reasons.is_empty() {
                    response(StatusCode::OK, TEXT, "ready\n".to_owned())
                } else {
                    response(StatusCode::SERVICE_UNAVAILABLE, TEXT, reasons.join("\n") + "\n")
                }
            }
            "/metrics" => match metrics::rendered(self.app.get()) {
                Ok(text) => response(StatusCode::OK, metrics::CONTENT_TYPE, text),
                Err(error) => {
                    tracing::error!(%error, "the metrics could not be written");
                    let text = "the metrics could not be written\n".to_owned();
                    response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, text)
                }
            },
            _ => {
                response(StatusCode::NOT_FOUND, TEXT, "there is /healthz, /readyz and /metrics\n".to_owned())
            }
        }
    }
}

/// What stands against a store, as far as its check tells in time.
async fn reason_of_store(check: impl Future<Output = Result<(), StoreError>>) -> Option<String> {
    match timeout(STORE_ANSWERS_IN, check).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("store: {error}")),
        Err(_elapsed) => Some(format!("store: no answer within {} s", STORE_ANSWERS_IN.as_secs())),
    }
}

fn response(status: StatusCode, media_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Answers until it is given up.
pub async fn serve(inside: Arc<Inside>, listener: TcpListener) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let mut http = http1::Builder::new();
    // One question each: whoever watches asks every few seconds, and a connection that says nothing is soon over.
    http.keep_alive(false);
    loop {
        let Ok(place) = Arc::clone(&free).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _peer)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection to the operations listener was not accepted");
                tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                continue;
            }
        };
        let service = {
            let inside = Arc::clone(&inside);
            service_fn(move |request: Request<Incoming>| {
                let inside = Arc::clone(&inside);
                async move { Ok::<_, Infallible>(inside.answer(request.method(), request.uri().path()).await) }
            })
        };
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            match timeout(ANSWERED_IN, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a connection to the operations listener ended early");
                }
                Err(_elapsed) => tracing::debug!("a connection to the operations listener took too long"),
            }
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_has_a_second_to_answer() {
        assert_eq!(reason_of_store(async { Ok(()) }).await, None);
        let silent = reason_of_store(std::future::pending()).await;
        assert_eq!(silent.as_deref(), Some("store: no answer within 1 s"));
        let overloaded = reason_of_store(async { Err(StoreError::Overloaded) }).await;
        assert_eq!(overloaded.as_deref(), Some("store: the store is overloaded"));
    }
}
