//! The commands that run for long: serving, working, migrating.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use url::Url;

use crate::cli::Serve;
use crate::print;
use crate::settings::{Meaning, Profile, Settings};
use crate::wiring::{Parts, http_settings, notifier};
use crate::{backend::Backend, demo};

/// Connections that may wait to be taken up.
const BACKLOG: i32 = 1_024;
/// How long requests and mails under way get to end. The HTTP server itself gives its requests 20 seconds.
const LAST_CALL: Duration = Duration::from_secs(28);

pub(crate) async fn serve(settings: &Settings, meaning: &Meaning, profile: Profile, options: &Serve) -> Result<()> {
    ensure!(
        !(options.demo && profile == Profile::Production),
        "--demo makes accounts for everybody to try; it is refused in production"
    );
    let listener =
        TcpListener::bind(meaning.bind).with_context(|| format!("http.bind: cannot listen on {}", meaning.bind))?;
    // The standard library queues 128 connections; a burst of clients should wait, not be turned away.
    rustix::net::listen(&listener, BACKLOG).context("cannot lengthen the queue of connections")?;
    let address = listener.local_addr().context("cannot tell the address listened on")?;
    let base = pages_base(meaning, address)?;
    let parts = Parts::assemble(settings, meaning, &base).await?;
    let notifier = notifier(settings, meaning)?;
    // Whatever can be wrong with the settings is found before the first admin's password is made and shown.
    let api = Arc::new(parts.api(settings, meaning, notifier.clone())?);
    let http = http_settings(settings, meaning)?;
    parts.set_up().ensure_service(&meaning.service).await.context("the first service cannot be made")?;
    if options.demo {
        print(&demo::prepare(&parts, meaning, &base).await?)?;
    }
    if let Some(email) = &meaning.first_admin
        && let Some(admin) = parts.set_up().ensure_admin(email).await.context("the first admin cannot be made")?
    {
        print(&format!(
            "first admin: {} password: {} (shown once; change it after the first login)",
            email.as_str(),
            admin.password
        ))?;
    }
    let server = attune_adapter_http::serve(listener, api, http).context("the HTTP server cannot be started")?;
    let handle = server.handle();
    let (stop, stopped) = watch::channel(false);
    let worker = (!options.no_worker).then(|| tokio::spawn(parts.worker(meaning, notifier).run(stopped)));
    let serving = tokio::spawn(server);
    print(&format!("listening on http://{}", reachable(address)))?;
    wait_for_stop().await?;
    tracing::info!("stopping");
    let _ = stop.send(true);
    let ended = tokio::time::timeout(LAST_CALL, async {
        handle.stop(true).await;
        let _ = serving.await;
        if let Some(worker) = worker {
            let _ = worker.await;
        }
    })
    .await;
    parts.backend.close().await;
    if ended.is_err() {
        tracing::warn!("not everything under way came to its end in time");
    }
    Ok(())
}

pub(crate) async fn work(settings: &Settings, meaning: &Meaning) -> Result<()> {
    let parts = Parts::assemble(settings, meaning, &pages_base(meaning, meaning.bind)?).await?;
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(parts.worker(meaning, notifier(settings, meaning)?).run(stopped));
    print("working")?;
    wait_for_stop().await?;
    tracing::info!("stopping");
    let _ = stop.send(true);
    if tokio::time::timeout(LAST_CALL, worker).await.is_err() {
        tracing::warn!("a mail under way did not come to its end in time");
    }
    parts.backend.close().await;
    Ok(())
}

pub(crate) async fn migrate(settings: &Settings, meaning: &Meaning) -> Result<()> {
    let backend = Backend::open(&meaning.database, &settings.database).await?;
    backend.close().await;
    print("the database is up to date")
}

/// Returns when the process is asked to end.
async fn wait_for_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Where our own pages are: where the practice says, else where we listen.
pub(crate) fn pages_base(meaning: &Meaning, address: SocketAddr) -> Result<Url> {
    match &meaning.public_url {
        Some(url) => Ok(url.clone()),
        None => Url::parse(&format!("http://{}", reachable(address))).context("the own address is no URL"),
    }
}

/// An address that can be opened: "all addresses" is none.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    address
}
