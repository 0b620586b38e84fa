//! What the metrics show, gathered for each scrape.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::{Context, Result};
use async_trait::async_trait;
use attune_adapter_auth::ArgonHasher;
use attune_adapter_metrics::{PasswordQueue, Snapshot, Source};
use attune_http_common::Traffic;
use attune_ports::{Backlog, Clock, Queries};
use jiff::Timestamp;
use tokio::time::timeout;

use crate::backend::Backend;
use crate::last_backup;
use crate::output::print;
use crate::settings::ResolvedConfig;
use crate::shared::Shared;
use crate::task_log::TaskLog;

/// How long numbers from the database are shared, so that scrapes are no load, however many.
const SHARED_FOR: Duration = Duration::from_secs(10);
/// A scrape does not wait longer for the database. Shorter than the ten seconds that Prometheus waits for it.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(4);

/// Where the metrics of this process come from.
pub(crate) struct Metrics {
    backend: Arc<Backend>,
    clock: Arc<dyn Clock>,
    hasher: Arc<ArgonHasher>,
    data_dir: PathBuf,
    started_at: Timestamp,
    backlog: Shared<Option<Backlog>>,
    /// Of the worker, if this process runs one.
    tasks: Option<Arc<TaskLog>>,
    /// `None` if this process serves no requests.
    traffic: Option<Traffic>,
}

/// The parts of the application that are measured.
pub(crate) struct Measured {
    pub(crate) backend: Arc<Backend>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hasher: Arc<ArgonHasher>,
}

impl Metrics {
    pub(crate) fn new(
        measured: Measured,
        config: &ResolvedConfig,
        tasks: Option<Arc<TaskLog>>,
        traffic: Option<Traffic>,
    ) -> Self {
        let Measured { backend, queries, clock, hasher } = measured;
        let backlog = Shared::new(SHARED_FOR, move || {
            let queries = queries.clone();
            async move { timeout(DATABASE_TIMEOUT, queries.backlog()).await.ok()?.ok() }
        });
        let started_at = clock.now();
        Self { backend, clock, hasher, data_dir: config.data_dir.clone(), started_at, backlog, tasks, traffic }
    }
}

#[async_trait]
impl Source for Metrics {
    async fn snapshot(&self) -> Snapshot {
        let backlog = self.backlog.get().await.flatten();
        let hasher = self.hasher.activity();
        Snapshot {
            version: env!("CARGO_PKG_VERSION"),
            database: self.backend.kind(),
            started_at: self.started_at,
            now: self.clock.now(),
            backlog,
            store: self.backend.store().activity(),
            passwords: PasswordQueue { waiting: hasher.waiting as u64, refused: hasher.refused },
            tasks: self.tasks.as_ref().map(|tasks| tasks.runs()).unwrap_or_default(),
            last_backup: last_backup::read(&self.data_dir).ok().flatten(),
            traffic: self.traffic.clone(),
        }
    }
}

/// The listener for `metrics.bind`, if it is set.
pub(crate) fn listen(config: &ResolvedConfig) -> Result<Option<TcpListener>> {
    let listen =
        |address| TcpListener::bind(address).with_context(|| format!("metrics.bind: cannot listen on {address}"));
    config.metrics_bind.map(listen).transpose()
}

/// Serves the metrics until the returned handle stops it.
pub(crate) fn serve(listener: TcpListener, metrics: Metrics) -> Result<ServerHandle> {
    let address = listener.local_addr().context("cannot determine the address of the metrics")?;
    let server = attune_adapter_metrics::serve(listener, Arc::new(metrics)).context("metrics cannot be served")?;
    let handle = server.handle();
    tokio::spawn(server);
    print(&format!("metrics on http://{address}/metrics"))?;
    Ok(handle)
}
