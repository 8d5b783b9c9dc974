//! `matricula serve`: the real thing.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::app::{App, Outside};
use crate::clock::SystemClock;
use crate::config::{AuditRetention, Configuration, Limits, StoreUrl};
use crate::operations::{self, Inside};
use crate::random::SystemRandomness;
use crate::{demo, run};

/// Serves a configuration until it is told to stop.
pub(super) fn serve(config: &Path) -> anyhow::Result<()> {
    let configuration = Configuration::read(config)?;
    runtime()?.block_on(serve_until_stopped(configuration, Source::File(config)))
}

pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime did not start")
}

/// Where a configuration came from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// A file, which is read again when it changed.
    File(&'a Path),
    /// The demo world, in which there are users from the beginning.
    DemoWorld,
}

/// Serves, and reloads from the file where there is one.
pub(super) async fn serve_until_stopped(
    configuration: Configuration,
    source: Source<'_>,
) -> anyhow::Result<()> {
    let file = match source {
        Source::File(file) => Some(file),
        Source::DemoWorld => None,
    };
    // Signals are listened for before anything is begun, so that none is missed.
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    for warning in configuration.warnings() {
        tracing::warn!("{warning}");
    }
    allow_many_connections();
    let listen = configuration.listen;
    let of_the_start = OfTheStart::of(&configuration);
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let inside = Arc::<Inside>::default();
    let watched = watched(&inside, configuration.operations).await?;
    let outside = Outside { clock: Arc::new(SystemClock), random: Arc::new(SystemRandomness) };
    let app = Arc::new(App::start(configuration, outside).await?);
    inside.started(Arc::clone(&app));
    if let Source::DemoWorld = source {
        demo::populate(&app).await?;
    }
    say(format_args!("Matricula listens on http://{}", listener.local_addr()?));
    for profile in app.profiles().iter() {
        let registers = profile.definitions.registers_clients();
        say(format_args!(
            "  {} ({})",
            profile.issuer,
            if registers { "registers clients" } else { "registers nobody" }
        ));
    }
    let reloading = tokio::spawn({
        let (app, file) = (Arc::clone(&app), file.map(Path::to_owned));
        async move {
            while hang_up.recv().await.is_some() {
                reload(&app, file.as_deref(), &of_the_start).await;
            }
        }
    });
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("told to stop (SIGTERM)"),
            _ = interrupt.recv() => tracing::info!("told to stop (SIGINT)"),
        }
    };
    run::serve(app, listener, stop).await;
    reloading.abort();
    if let Some(watched) = watched {
        watched.abort();
    }
    say("Matricula has stopped.");
    Ok(())
}

/// Whoever watches can ask from here on: also while the store is being opened, and until it is closed.
async fn watched(
    inside: &Arc<Inside>,
    listen: Option<SocketAddr>,
) -> anyhow::Result<Option<tokio::task::JoinHandle<()>>> {
    let Some(listen) = listen else { return Ok(None) };
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen} (operations.listen)"))?;
    say(format_args!("Health, readiness and metrics are on http://{}", listener.local_addr()?));
    Ok(Some(tokio::spawn(operations::serve(Arc::clone(inside), listener))))
}

/// A connection is an open file, and the customary limit of 1,024 is soon reached. Where it cannot be raised, the rest
/// waits to be accepted.
fn allow_many_connections() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
    {
        tracing::warn!(%error, "the limit of open files stays at {:?}", limit.current);
    }
}

/// Settings that a process keeps for as long as it lives.
struct OfTheStart {
    listen: SocketAddr,
    operations: Option<SocketAddr>,
    store: StoreUrl,
    limits: Limits,
    trusted_proxies: Vec<IpNet>,
    audit: AuditRetention,
}

impl OfTheStart {
    fn of(configuration: &Configuration) -> Self {
        let Configuration { listen, operations, store, limits, trusted_proxies, audit, .. } = configuration;
        Self {
            listen: *listen,
            operations: *operations,
            store: store.clone(),
            limits: *limits,
            trusted_proxies: trusted_proxies.clone(),
            audit: *audit,
        }
    }

    fn differences(&self, other: &Self) -> Vec<&'static str> {
        let all = [
            ("listen", self.listen != other.listen),
            ("operations", self.operations != other.operations),
            ("store", self.store != other.store),
            ("limits", self.limits != other.limits),
            ("trusted_proxies", self.trusted_proxies != other.trusted_proxies),
            ("audit", self.audit != other.audit),
        ];
        all.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
    }
}

/// A mistake in the file costs nothing: what was good before keeps serving.
async fn reload(app: &App, file: Option<&Path>, of_the_start: &OfTheStart) {
    let Some(file) = file else {
        return tracing::warn!("there is no configuration file to reload");
    };
    let configuration = match Configuration::read(file) {
        Ok(configuration) => configuration,
        Err(error) => return tracing::error!("not reloaded, what was loaded before keeps serving:\n{error}"),
    };
    for warning in configuration.warnings() {
        tracing::warn!("{warning}");
    }
    let changed = of_the_start.differences(&OfTheStart::of(&configuration));
    if !changed.is_empty() {
        tracing::warn!("{} changed in the file: that waits for the next start", changed.join(", "));
    }
    match app.reload(&configuration).await {
        Ok(reloaded) => {
            for profile in reloaded {
                let changes: Vec<String> = profile.changes.iter().map(ToString::to_string).collect();
                let changes =
                    if changes.is_empty() { "nothing changed".to_owned() } else { changes.join(", ") };
                tracing::info!("reloaded {} at revision {}: {changes}", profile.profile, profile.revision);
            }
        }
        Err(error) => tracing::error!("not reloaded, what was loaded before keeps serving:\n{error}"),
    }
}
