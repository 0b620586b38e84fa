//! The commands `serve`, `worker` and `migrate`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use attune_application::setup::EnsureServiceError;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use url::Url;

use crate::admins::Admins;
use crate::cli::{Migrate, Serve};
use crate::doctor::VideoServerChecks;
use crate::health::Stopping;
use crate::metrics::{self, Metrics};
use crate::output::print;
use crate::private_files;
use crate::service_manager;
use crate::settings::{Profile, ResolvedConfig, Settings};
use crate::wiring::{App, http_settings};
use crate::{backend::Backend, demo};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1_024;
/// For requests and emails in progress; the HTTP server gives its requests 20 seconds.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(28);

pub(crate) async fn serve(
    settings: &Settings,
    config: &ResolvedConfig,
    profile: Profile,
    options: &Serve,
) -> Result<()> {
    ensure!(
        !(options.demo && profile == Profile::Production),
        "--demo creates accounts for trials; it is refused in production"
    );
    let listener =
        TcpListener::bind(config.bind).with_context(|| format!("http.bind: cannot listen on {}", config.bind))?;
    // The standard library's backlog is 128; a burst of clients should wait instead of being refused.
    rustix::net::listen(&listener, BACKLOG).context("cannot set the backlog of connections")?;
    let address = listener.local_addr().context("cannot determine the address")?;
    let metrics_listener = metrics::listen(config)?;
    let base = pages_base(config, address)?;
    let app = App::build(settings, config, &base).await?;
    // All invalid settings are found before the first admin's password is generated and printed.
    let (told_to_stop, stopping) = watch::channel(false);
    let api = Arc::new(app.api(config, Stopping(stopping))?);
    let http = http_settings(settings, config)?;
    let checks = Arc::new(VideoServerChecks(config.clone()));
    let (pages, web) = app.pages(config, &base, checks)?;
    app.ensure_practice(config).await?;
    app.use_cases.set_up.ensure_service(&config.first_service).await.map_err(|error| match error {
        EnsureServiceError::Price(price) => anyhow!("practice.first_service_price is invalid: {price}"),
        EnsureServiceError::Store(store) => anyhow::Error::from(store).context("the first service cannot be created"),
    })?;
    if options.demo {
        print(&demo::prepare(&app, &base, address.ip().is_loopback()).await?)?;
    }
    if let Some(email) = &config.first_admin
        && let Some(admin) =
            app.use_cases.set_up.ensure_admin(email).await.context("the first admin cannot be created")?
    {
        print(&format!(
            "first admin: {} password: {} (shown once; change it after the first login)",
            email.as_str(),
            admin.password
        ))?;
    }
    for problem in private_files::exposed(settings, config) {
        tracing::warn!("{problem}");
    }
    let admins = Admins::read(&*app.deps.queries).await.context("the accounts of the admins cannot be read")?;
    admins.log_missing_second_factors(config.second_factor);
    let (server, traffic) =
        attune_adapter_http::serve(listener, api, http, pages).context("the HTTP server cannot be started")?;
    let handle = server.handle();
    let (stop, stopped) = watch::channel(false);
    let live = stopped.clone();
    tokio::spawn(async move { web.run_live(live).await });
    let worker = (!options.no_worker).then(|| app.worker());
    let log = worker.as_ref().map(|worker| worker.log.clone());
    let measured = metrics_listener
        .map(|listener| metrics::serve(listener, Metrics::new(app.measured(), config, log, Some(traffic))))
        .transpose()?;
    let worker = worker.map(|worker| tokio::spawn(worker.run(stopped)));
    let serving = tokio::spawn(server);
    print(&format!("listening on http://{}", reachable(address)))?;
    service_manager::ready();
    wait_for_stop().await?;
    tracing::info!("stopping");
    service_manager::stopping();
    let _ = told_to_stop.send(true);
    tokio::select! {
        () = tokio::time::sleep(config.stop_delay) => {}
        again = wait_for_stop() => again?,
    }
    let _ = stop.send(true);
    let ended = tokio::time::timeout(SHUTDOWN_TIMEOUT, async {
        handle.stop(true).await;
        let _ = serving.await;
        if let Some(worker) = worker {
            let _ = worker.await;
        }
        if let Some(metrics) = measured {
            metrics.stop(true).await;
        }
    })
    .await;
    app.backend.close().await;
    if ended.is_err() {
        tracing::warn!("shutdown timed out before all requests and emails completed");
    }
    Ok(())
}

pub(crate) async fn worker(settings: &Settings, config: &ResolvedConfig) -> Result<()> {
    let metrics_listener = metrics::listen(config)?;
    let app = App::build(settings, config, &pages_base(config, config.bind)?).await?;
    app.ensure_practice(config).await?;
    let (stop, stopped) = watch::channel(false);
    let worker = app.worker();
    let log = Some(worker.log.clone());
    let measured = metrics_listener
        .map(|listener| metrics::serve(listener, Metrics::new(app.measured(), config, log, None)))
        .transpose()?;
    let worker = tokio::spawn(worker.run(stopped));
    print("worker started")?;
    service_manager::ready();
    wait_for_stop().await?;
    tracing::info!("stopping");
    service_manager::stopping();
    let _ = stop.send(true);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, worker).await.is_err() {
        tracing::warn!("shutdown timed out before all emails completed");
    }
    if let Some(metrics) = measured {
        metrics.stop(true).await;
    }
    app.backend.close().await;
    Ok(())
}

pub(crate) async fn migrate(settings: &Settings, config: &ResolvedConfig, options: &Migrate) -> Result<()> {
    if options.dry_run {
        let pending = Backend::pending_migrations(config, &settings.database).await?;
        return match pending.as_slice() {
            [] => print("the database is up to date: no migration would run"),
            names => print(&format!("these migrations would run ({}):\n{}", names.len(), names.join("\n"))),
        };
    }
    let backend = Backend::open(config, &settings.database).await?;
    backend.close().await;
    print("the database is up to date")
}

async fn wait_for_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The base URL of our own pages.
pub(crate) fn pages_base(config: &ResolvedConfig, address: SocketAddr) -> Result<Url> {
    match &config.public_url {
        Some(url) => Ok(url.clone()),
        None => Url::parse(&format!("http://{}", reachable(address))).context("the listening address is not a URL"),
    }
}

/// The unspecified address cannot be opened in a browser.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}
