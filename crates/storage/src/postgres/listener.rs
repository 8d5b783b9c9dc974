//! What other nodes tell: that definitions have changed (LISTEN, NOTIFY).
//!
//! This only wakes. What is true is read from the tables, so that a message that was lost costs a moment and nothing else.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Connection, NoTls, Socket};

use super::connections::{PostgresUrl, UrlError, tls};
use super::values::Failure;

/// What is listened to. Schemas of one database hear each other, which costs them a look.
pub(super) const CHANNEL: &str = "matricula_definitions";

/// How long nothing is heard before somebody looks all the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a broken connection rests.
const REST: Duration = Duration::from_millis(500);

/// Whoever is told.
#[derive(Debug)]
pub(super) struct Listener {
    heard: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Listener {
    pub(super) fn start(url: &PostgresUrl) -> Result<Self, UrlError> {
        let heard = Arc::new(Notify::new());
        let told = Arc::clone(&heard);
        let url = url.clone();
        let task = if url.is_encrypted {
            let tls = tls(url.authorities.as_deref())?;
            let tls = tokio_postgres_rustls::MakeRustlsConnect::new(tls);
            tokio::spawn(async move { listen_on(&url, tls, &told).await })
        } else {
            tokio::spawn(async move { listen_on(&url, NoTls, &told).await })
        };
        Ok(Self { heard, task })
    }

    /// Until something was heard, or has not been for a while.
    pub(super) async fn wait(&self) {
        // Late is as good: whoever waits then looks.
        drop(tokio::time::timeout(LOOK_EVERY, self.heard.notified()).await);
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen_on<T>(url: &PostgresUrl, tls: T, heard: &Notify)
where
    T: MakeTlsConnect<Socket> + Clone + Send,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    loop {
        if let Err(failure) = listen_once(url, tls.clone(), heard).await {
            tracing::debug!(%failure, "nothing is heard of other nodes for a moment");
        }
        // What was told meanwhile was missed.
        heard.notify_one();
        tokio::time::sleep(REST).await;
    }
}

async fn listen_once<T>(url: &PostgresUrl, tls: T, heard: &Notify) -> Result<(), Failure>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = url.config.connect(tls).await?;
    let listen = async {
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        heard.notify_one();
        // The connection ends with its client.
        std::future::pending::<Result<(), Failure>>().await
    };
    tokio::select! {
        ended = hear(connection, heard) => ended,
        failed = listen => failed,
    }
}

async fn hear<S, T>(mut connection: Connection<S, T>, heard: &Notify) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(_) = message? {
            heard.notify_one();
        }
    }
    Ok(())
}
