//! `concord serve`: the server.

mod ready;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Exit, Failure, Invocation};
use crate::clock::Clock;
use crate::crypto::random::Random;
use crate::crypto::signing::KeyState;
use crate::http::health::{self, Readiness};
use crate::http::layers::{Shell, wrap};
use crate::http::server::{Server, ServerLimits};
use crate::http::{app, signals};
use crate::jobs;
use crate::outbound::mail::Mailer;
use crate::storage::server_lock::ServerLock;
use crate::telemetry::metrics;
use crate::usecases::start::start;
use crate::usecases::{Core, catalog};

/// Runs until a signal ends it.
pub(super) async fn run(invocation: &Invocation) -> Result<(), Failure> {
    invocation.refuse_unsafe()?;
    metrics::install();
    let config = &invocation.config;
    let Some(_lock) = ServerLock::take(config.database.url.expose())? else {
        return Err(Failure::new(Exit::Temporary, "another server has this SQLite database; more than one needs PostgreSQL"));
    };
    let random = Random::system();
    let seed = random.u64();
    let core = start(config.clone(), Clock::System, random).await?;
    let stop = CancellationToken::new();
    let jobs = jobs::start(&core, Mailer::new(&core.config.mail), &stop).map_err(|error| Failure::new(Exit::Config, error))?;
    let served = serve(&core, seed, invocation).await;
    stop.cancel();
    jobs.ended().await;
    core.database.close().await;
    served
}

async fn serve(core: &Arc<Core>, seed: u64, invocation: &Invocation) -> Result<(), Failure> {
    let config = &core.config;
    let limits = ServerLimits::from(&config.server);
    let shell = Shell::new(config, seed, app::error_pages(core));
    let public = Server::bind(config.server.listen, wrap(app::router(Arc::clone(core)), &shell), limits.clone()).await;
    let public = public.map_err(|error| cannot_listen("server.listen", &config.server.listen, &error))?;
    let readiness = Arc::new(ready::readiness(core));
    let stopped = CancellationToken::new();
    let management = manage(core, &readiness, limits, stopped.clone()).await?;
    let shutdown = signals::shutdown_on_signal(Arc::clone(&readiness), config.server.shutdown_delay.get())?;
    let held = Arc::clone(core);
    signals::on_hangup(move || reload(Arc::clone(&held)))?;
    tokio::spawn(metrics::upkeep());
    tokio::spawn(ages(Arc::clone(core), stopped.clone()));
    let said = format!("concord {} serves {} at {}", env!("CARGO_PKG_VERSION"), config.issuer, public.local_addr());
    invocation.output.line(&said);
    public.run(shutdown).await;
    // Until here /readyz could say that the node is leaving.
    stopped.cancel();
    if let Some(management) = management {
        let _ = management.await;
    }
    Ok(())
}

/// Starts the management listener, where there is to be one.
async fn manage(
    core: &Core,
    readiness: &Arc<Readiness>,
    limits: ServerLimits,
    stopped: CancellationToken,
) -> Result<Option<tokio::task::JoinHandle<()>>, Failure> {
    let Some(address) = core.config.server.management_listen else { return Ok(None) };
    let limits = ServerLimits { shutdown_grace: Duration::from_secs(1), max_connections: 64, ..limits };
    let server = Server::bind(address, health::routes(Arc::clone(readiness)), limits).await;
    let server = server.map_err(|error| cannot_listen("server.management_listen", &address, &error))?;
    Ok(Some(tokio::spawn(server.run(stopped))))
}

fn cannot_listen(key: &str, address: &std::net::SocketAddr, error: &std::io::Error) -> Failure {
    let exit = if error.kind() == std::io::ErrorKind::PermissionDenied { Exit::Permission } else { Exit::Unavailable };
    Failure::new(exit, format!("{key}: cannot listen on {address}: {error}"))
}

/// SIGHUP: the catalogue is read again. One that cannot be used stays out; the one in force goes on.
async fn reload(core: Arc<Core>) {
    match catalog::load(&core).await {
        Ok(()) => tracing::info!(event = "catalog.reloaded", "the catalogue was read again"),
        Err(error) => tracing::error!(event = "catalog.refused", error = %error, "the catalogue cannot be used; the one in force goes on"),
    }
}

/// Every second: metrics that are ages.
async fn ages(core: Arc<Core>, stopped: CancellationToken) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    while stopped.run_until_cancelled(tick.tick()).await.is_some() {
        let now = core.clock.now();
        for key in core.keys.load().infos().filter(|key| key.state == KeyState::Active) {
            metrics::signing_key_age(key.algorithm.as_str(), now.since(key.activate_at));
        }
        if let Some(age) = core.truth.age() {
            metrics::invalidation_age(age);
        }
    }
}
