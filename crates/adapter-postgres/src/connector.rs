//! Opens connections: address, TLS, settings, and the task that each connection needs.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel_async::AsyncPgConnection;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Client, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{Address, PostgresConfig, TlsMode, Verification};
use crate::error::{ConnectError, OpenError};
use crate::requirements::{DIRECT, check, refusal};
use crate::runtime::DedicatedRuntime;
use crate::timeouts::{ANSWER_DEADLINE, LOCK_TIMEOUT, STATEMENT_TIMEOUT};
use crate::tls::tls_connector;

/// After this the server ends an idle transaction.
const IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest wait for a new connection. Shorter than [`ANSWER_DEADLINE`], so that the error has the reason.
const CONNECT_DEADLINE: Duration = Duration::from_secs(4);
/// After this the next host is tried as well, because a host that vanished answers nothing at all. Shorter than the wait for
/// a free connection, so that a request finds the new primary.
const NEXT_HOST_AFTER: Duration = Duration::from_millis(500);
/// The longest wait for a cancellation to be delivered.
const CANCEL_DEADLINE: Duration = Duration::from_secs(2);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    UnitsOfWork,
    Queries,
    /// Few statements that run very often, each with one good plan: row by row, by an index.
    PreparedQueries,
    Migrations,
}

impl Purpose {
    fn reads_only(self) -> bool {
        match self {
            Self::Queries | Self::PreparedQueries => true,
            Self::UnitsOfWork | Self::Migrations => false,
        }
    }

    /// The settings of the connection, in the form of the server's command line.
    fn settings(self, read_only: bool) -> String {
        let (statement, lock, idle) = match self {
            Self::UnitsOfWork | Self::Queries | Self::PreparedQueries => {
                (STATEMENT_TIMEOUT, LOCK_TIMEOUT, IDLE_TRANSACTION_TIMEOUT)
            }
            // A migration has no limits, whatever the settings of the role.
            Self::Migrations => (Duration::ZERO, Duration::ZERO, Duration::ZERO),
        };
        let read_only = if read_only { "on" } else { "off" };
        // By default the server plans a statement again whenever it expects a better plan for the values at hand, which
        // takes longer than running it; and a plan made while a table was small scans all of it.
        let plans = match self {
            Self::PreparedQueries => {
                " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                 -c jit=off"
            }
            Self::UnitsOfWork | Self::Queries | Self::Migrations => "",
        };
        format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} \
             -c synchronous_commit=on -c default_transaction_read_only={read_only} \
             -c default_transaction_isolation=read\\ committed -c TimeZone=UTC -c {DIRECT}{plans}",
            statement.as_millis(),
            lock.as_millis(),
            idle.as_millis(),
        )
    }
}

pub(crate) struct Connection {
    pub(crate) diesel: AsyncPgConnection,
    /// Ends when the connection is closed.
    driver: JoinHandle<()>,
}

impl Connection {
    pub(crate) fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }

    /// The connection alone, and a task that ends when it is closed.
    pub(crate) fn split(self) -> (AsyncPgConnection, JoinHandle<()>) {
        (self.diesel, self.driver)
    }
}

/// Opens connections to one database, which may be on several hosts: a primary and its standbys.
pub(crate) struct Connector {
    servers: Vec<tokio_postgres::Config>,
    /// The server of the latest connection, which is tried first.
    latest: AtomicUsize,
    tls: Option<MakeRustlsConnect>,
    runtime: DedicatedRuntime,
    /// Every open connection holds a receiver.
    open: watch::Sender<()>,
}

impl Connector {
    /// Opens nothing yet.
    pub(crate) async fn new(config: &PostgresConfig) -> Result<Self, OpenError> {
        let Address { mut servers, tls, roots } = Address::parse(&config.url)?;
        for server in &mut servers {
            if server.get_application_name().is_none() {
                server.application_name("attune");
            }
            // A server that vanished is noticed within half a minute, and within ten seconds while a message to it is not
            // acknowledged.
            server.keepalives_idle(Duration::from_secs(15));
            server.keepalives_interval(Duration::from_secs(5));
            server.keepalives_retries(3);
            server.tcp_user_timeout(Duration::from_secs(10));
        }
        let tls = match tls {
            TlsMode::Off => None,
            TlsMode::IfOffered => Some(tls_connector(roots, Verification::Nothing).await?),
            TlsMode::Always(verification) => Some(tls_connector(roots, verification).await?),
        };
        let open = watch::Sender::new(());
        let runtime = DedicatedRuntime::start(open.clone()).map_err(|e| OpenError::Unreachable(e.into()))?;
        Ok(Self { servers, latest: AtomicUsize::new(0), tls, runtime, open })
    }

    /// Opens a connection, on the dedicated runtime, so that it outlives the calling task.
    pub(crate) async fn connect(self: Arc<Self>, purpose: Purpose) -> Result<Connection, ConnectError> {
        let connector = Arc::clone(&self);
        self.in_time(async move {
            let (client, driver) = connector.open(purpose).await?;
            Ok(Connection { diesel: AsyncPgConnection::try_from(client).await?, driver })
        })
        .await
    }

    /// Prepares a connection on the dedicated runtime. Errors: [`ConnectError::Late`].
    pub(crate) async fn in_time<T: Send + 'static>(
        &self,
        connecting: impl Future<Output = Result<T, ConnectError>> + Send + 'static,
    ) -> Result<T, ConnectError> {
        let connecting = async { timeout(CONNECT_DEADLINE, connecting).await.unwrap_or(Err(ConnectError::Late)) };
        self.runtime.handle().spawn(connecting).await.unwrap_or(Err(ConnectError::ShuttingDown))
    }

    /// Errors: [`OpenError`] when the server cannot be reached or used.
    pub(crate) async fn check_server(self: &Arc<Self>) -> Result<(), OpenError> {
        let connector = Arc::clone(self);
        let opened = self.in_time(async move { connector.open(Purpose::UnitsOfWork).await }).await;
        let (client, driver) = opened.map_err(refusal)?;
        let checked = timeout(ANSWER_DEADLINE, check(&client)).await;
        drop(client);
        // The driver has no result.
        let _ = driver.await;
        checked.unwrap_or_else(|late| Err(OpenError::Unreachable(late.into())))
    }

    /// A connection without Diesel, and a task that ends when it is closed. The hosts are tried one after another, beginning
    /// with that of the latest connection; one that is silent holds up none of the others.
    ///
    /// Errors: [`ConnectError::NoPrimary`] if each of several servers is a standby, or the reason of the first that is not.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<(Client, JoinHandle<()>), ConnectError> {
        let (first, count) = (self.latest.load(Ordering::Relaxed), self.servers.len());
        let mut untried = (0..count).map(|step| (first + step) % count);
        let mut attempts = FuturesUnordered::new();
        let mut reason = ConnectError::NoPrimary;
        loop {
            let next = untried.next();
            let is_last = next.is_none();
            attempts.extend(next.map(async |number| (number, self.open_at(number, purpose).await)));
            // The caller has a deadline.
            let patience = if is_last { Duration::MAX } else { NEXT_HOST_AFTER };
            match timeout(patience, attempts.next()).await {
                Ok(Some((number, Ok(opened)))) => {
                    self.latest.store(number, Ordering::Relaxed);
                    return Ok(opened);
                }
                Ok(Some((_, Err(error)))) => {
                    if matches!(reason, ConnectError::NoPrimary) {
                        reason = error;
                    }
                }
                Ok(None) => return Err(reason),
                Err(_) => {}
            }
        }
    }

    async fn open_at(&self, number: usize, purpose: Purpose) -> Result<(Client, JoinHandle<()>), ConnectError> {
        let server = &self.servers[number];
        match self.tls.clone() {
            Some(tls) => self.connect_with(server, purpose, tls).await,
            None => self.connect_with(server, purpose, NoTls).await,
        }
    }

    async fn connect_with<T>(
        &self,
        server: &tokio_postgres::Config,
        purpose: Purpose,
        tls: T,
    ) -> Result<(Client, JoinHandle<()>), ConnectError>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static, TlsConnect: Send>,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        // The driver recognises a standby by its transactions, which are read-only, so ours may become that only afterwards.
        let restrict_later = purpose.reads_only() && server.get_target_session_attrs() == TargetSessionAttrs::ReadWrite;
        let settings = purpose.settings(purpose.reads_only() && !restrict_later);
        let mut with_settings = server.clone();
        // The last value of a setting wins: that of the URL.
        with_settings.options(format!("{settings} {}", server.get_options().unwrap_or_default()));
        let connected = with_settings.connect(tls).await;
        let (client, connection) =
            connected.map_err(|error| if is_standby(&error) { ConnectError::NoPrimary } else { error.into() })?;
        let open = self.open.subscribe();
        let driver = self.runtime.handle().spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn Error, "a database connection broke");
            }
            drop(open);
        });
        if restrict_later {
            client.batch_execute("SET default_transaction_read_only = on").await?;
        }
        Ok((client, driver))
    }

    /// Cancels the running statement of a connection.
    pub(crate) async fn cancel(&self, token: CancelToken) {
        let cancelled = match self.tls.clone() {
            Some(tls) => timeout(CANCEL_DEADLINE, token.cancel_query(tls)).await,
            None => timeout(CANCEL_DEADLINE, token.cancel_query(NoTls)).await,
        };
        // The statement timeout ends it anyway, only later.
        if !matches!(cancelled, Ok(Ok(()))) {
            tracing::debug!("an abandoned statement could not be cancelled");
        }
    }

    pub(crate) fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Waits until the last connection is closed, but no longer than the slowest statement can take.
    pub(crate) async fn all_closed(&self) {
        if timeout(ANSWER_DEADLINE, self.open.closed()).await.is_err() {
            tracing::warn!("some database connections are still in use");
        }
    }
}

/// Whether the driver refused a server because its transactions are read-only.
fn is_standby(error: &tokio_postgres::Error) -> bool {
    let reason = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.code().is_none() && reason.is_some_and(|reason| reason.to_string() == "database does not allow writes")
}

#[cfg(test)]
mod tests;
