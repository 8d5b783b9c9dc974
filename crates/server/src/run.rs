//! The network: listening, serving, draining.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::http::Endpoints;
use crate::idle_watch::IdleWatch;

/// How long the loop waits after the system would not give it a connection, so that it does not spin.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// How often counts of activity are written: at most this much of them is lost in a crash.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How often what has had its time is forgotten.
const CLEAN_EVERY: Duration = Duration::from_secs(60);

/// Serves until `stop` is done, then lets what is under way finish, and closes the store.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let writing = tokio::spawn(write_activity(Arc::clone(&app)));
    let cleaning = tokio::spawn(clean_up(Arc::clone(&app)));
    let following = tokio::spawn(follow_changes(Arc::clone(&app)));
    let connections = accept_until(&app, listener, stop).await;
    tokio::select! {
        () = connections.shutdown() => tracing::info!("all requests are done"),
        () = tokio::time::sleep(app.limits().drain) => {
            tracing::warn!("some requests were not done in time, and are cut off");
        }
    }
    writing.abort();
    cleaning.abort();
    following.abort();
    app.close().await;
}

/// A connection that counts for as long as it is there.
struct Open(Arc<App>);

impl Open {
    fn count(app: &Arc<App>) -> Self {
        app.figures().connections_accepted.add();
        app.figures().connections.up();
        Self(Arc::clone(app))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.figures().connections.down();
    }
}

async fn accept_until(
    app: &Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> GracefulShutdown {
    let endpoints = Endpoints::new(Arc::clone(app));
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().max_buf_size(64 * 1024);
    server.http2().timer(TokioTimer::new()).max_concurrent_streams(128).max_header_list_size(16 * 1024);
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(app.limits().connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        // Whoever is not let in waits with the system, and costs nothing here.
        let accept = async {
            let place = Arc::clone(&free).acquire_owned().await.map_err(std::io::Error::other)?;
            let (stream, peer) = listener.accept().await?;
            Ok::<_, std::io::Error>((place, stream, peer))
        };
        let (place, stream, peer) = tokio::select! {
            () = &mut stop => {
                // Whoever looks whether to send anybody here is told before anything else ends.
                app.figures().drain();
                break;
            }
            accepted = accept => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(AFTER_ACCEPT_ERROR).await;
                    continue;
                }
            },
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let (watch, open) = (Arc::new(IdleWatch::new()), Open::count(app));
        let service = {
            let (endpoints, watch) = (endpoints.clone(), Arc::clone(&watch));
            let peer: IpAddr = peer.ip().to_canonical();
            service_fn(move |request| {
                let (endpoints, busy) = (endpoints.clone(), IdleWatch::begin(&watch));
                async move {
                    let response = endpoints.answer(peer, request).await;
                    drop(busy);
                    Ok::<_, Infallible>(response)
                }
            })
        };
        let connection = graceful.watch(server.serve_connection(TokioIo::new(stream), service).into_owned());
        let limit = app.limits().request;
        tokio::spawn(async move {
            tokio::select! {
                biased;
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, %peer, "a connection ended early");
                },
                () = watch.until_idle_for(limit) => tracing::debug!(%peer, "a connection asked nothing for too long"),
            }
            drop((place, open));
        });
    }
    graceful
}

/// A task of its own, so that no other work can hold the counts up.
async fn write_activity(app: Arc<App>) {
    let mut due = interval(FLUSH_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = app.flush_activity().await {
            tracing::warn!(%error, "counts of activity were not written, and wait for the next time");
        }
    }
}

/// Hears of what other nodes change.
async fn follow_changes(app: Arc<App>) {
    loop {
        app.store().wait_for_change().await;
        if let Err(error) = app.catch_up_all().await {
            tracing::warn!(%error, "definitions may be older than those of other nodes; whoever asks is made to wait");
        }
    }
}

async fn clean_up(app: Arc<App>) {
    let mut due = interval(CLEAN_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = app.clean().await {
            tracing::warn!(%error, "cleaning up did not finish");
        }
    }
}
