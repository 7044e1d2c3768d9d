//! `vuzo serve`: from an empty directory to a listening gateway, and down again.

mod probes;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::runtime::Handle;
use tokio::time::interval;
use vuzo_application::{Application, Ports, seed};
use vuzo_http::{Backends, Bound, Gateway, HttpSettings, Probe};

use super::{Context, Outcome};
use crate::cli::Serve;
use crate::config::{Config, Secrets};
use crate::welcome::{FirstAccount, Welcome};
use crate::wiring::{self, Base, PATIENCE, Place, Sharing, Store, redis_answers};
use crate::{catalogue, telemetry};
use signals::Signals;

/// How often the metrics are tidied; what was measured piles up in between.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long connections may take to carry off what was answered already, once every
/// call has come to its end.
const LAST_BYTES: Duration = Duration::from_secs(5);

pub(super) async fn run(options: Serve, context: &Context) -> Result<Outcome> {
    let Context {
        config,
        output,
        runtime,
    } = context;
    let signals = Signals::listen()?;
    let base = Base::of_this_system()?;
    let secrets = Secrets::obtain(config, base.ids.as_ref())?;
    let place = Place::of(config);
    let store = open_store(options, &place, runtime).await?;
    let sharing = Sharing::open(config, runtime)?;
    tell_of_redis(&sharing).await;
    let ports = wiring::ports(config, &secrets, &base, store.ports(), &sharing, runtime)?;
    let vault = vault(&secrets, &ports, &base);
    let application = start(config, &secrets, ports, &base, runtime).await?;
    let _news = sharing.subscribe(application.change_sink());
    let bound = listen(
        config,
        &base,
        &store,
        &sharing,
        vault,
        &application,
        runtime,
    )?;
    let first = FirstAccount::make(&application, config, base.ids.as_ref()).await?;
    let welcome = Welcome {
        config,
        secrets: &secrets,
        bound: bound.addresses().first().copied().unwrap_or(config.bind),
        store: place.name(),
        first,
    };
    output.show(&welcome.json(), &welcome.text())?;
    serve(bound, &application, context, signals).await?;
    Ok(Outcome::Fine)
}

/// Opens the database, and brings it up to date unless that is somebody else's task.
async fn open_store(options: Serve, place: &Place, handle: &Handle) -> Result<Store> {
    if !options.no_migrate {
        let applied = place.migrate(handle).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = applied.join(", "), "the database was migrated");
        }
    }
    place.open(handle, PATIENCE).await
}

/// Redis may come later: until then each instance counts by itself.
async fn tell_of_redis(sharing: &Sharing) {
    let Some(redis) = sharing.redis() else { return };
    if let Err(fault) = redis_answers(redis).await {
        tracing::warn!(
            error = %fault.source,
            "Redis does not answer; this instance keeps limits by itself until it does"
        );
    }
}

async fn start(
    config: &Config,
    secrets: &Secrets,
    ports: Ports,
    base: &Base,
    handle: &Handle,
) -> Result<Arc<Application>> {
    let starter = catalogue::starter(base.clock.now())?;
    let added = seed::seed_catalog(&ports, starter).await?;
    if !added.is_empty() {
        tracing::info!(models = added.len(), "the starter catalogue was loaded");
    }
    let policy = wiring::policy(config, secrets);
    let application = Application::start(ports, policy, handle.clone()).await?;
    demand_open_keys(&application, secrets)?;
    application.spawn_workers();
    Ok(application)
}

/// Whether secrets can be sealed, where there is a key for it.
fn vault(secrets: &Secrets, ports: &Ports, base: &Base) -> Option<Arc<dyn Probe>> {
    let can_seal = !secrets.sealing.is_empty();
    can_seal.then(|| probes::of_sealer(&ports.sealer, &base.clock))
}

/// A gateway that cannot open its own provider keys would send calls elsewhere, or
/// nowhere, and nobody would know why.
fn demand_open_keys(application: &Application, secrets: &Secrets) -> Result<()> {
    let locked = application.keyring.locked();
    if locked.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = locked
        .iter()
        .map(|key| format!("{} ({})", key.id, key.provider))
        .collect();
    let names = names.join(", ");
    if secrets.sealing.is_empty() {
        bail!("PROVIDER_ENCRYPTION_KEY must be set: provider keys are stored sealed: {names}");
    }
    bail!(
        "PROVIDER_ENCRYPTION_KEY does not open every stored provider key: {names}; \
         add the key that they are sealed under behind a comma, or take them away with \
         `vuzo admin provider-keys remove`"
    );
}

/// Takes the sockets. Nothing is answered before [`serve`].
fn listen(
    config: &Config,
    base: &Base,
    store: &Store,
    sharing: &Sharing,
    vault: Option<Arc<dyn Probe>>,
    application: &Arc<Application>,
    handle: &Handle,
) -> Result<Bound> {
    let metrics = telemetry::start_measuring()?;
    let upkeep = metrics.clone();
    handle.spawn(async move {
        let mut turns = interval(UPKEEP);
        loop {
            turns.tick().await;
            upkeep.run_upkeep();
        }
    });
    let backends = Backends {
        clock: Arc::clone(&base.clock),
        ids: Arc::clone(&base.ids),
        database: probes::of_store(store),
        redis: sharing.redis().map(probes::of_redis),
        vault,
        metrics: Arc::new(telemetry::page(metrics, application, sharing.failover())),
    };
    let settings = HttpSettings {
        bind: vec![config.bind],
        metrics_bind: config.metrics_bind,
        workers: config.workers,
        trusted_proxies: config.trusted_proxies.clone(),
        cors_origins: config.frontend_urls.clone(),
        public_url: config.public_url.clone(),
        environment: config.app_env.name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        drain: config.drain.min(LAST_BYTES),
        ..HttpSettings::default()
    };
    let gateway = Gateway {
        application: Arc::clone(application),
        backends,
        settings,
    };
    vuzo_http::bind(gateway).with_context(|| format!("cannot listen on {}", config.bind))
}

/// Serves until a signal comes. Then readiness goes off and running calls come to
/// their end, while the server still answers; after that it stops.
async fn serve(
    bound: Bound,
    application: &Application,
    context: &Context,
    mut signals: Signals,
) -> Result<()> {
    let within = context.config.drain;
    let shutdown = async {
        let signal = signals.next().await;
        tracing::info!(signal, ?within, "stopping: no more calls are taken");
        signals.exit_on_the_next(&context.runtime);
        let cut = application.drain(within).await;
        if cut > 0 {
            tracing::warn!(calls = cut, "calls did not end in time and were cut short");
        }
    };
    bound.run(shutdown).await.context("the server failed")?;
    tracing::info!("stopped");
    Ok(())
}
