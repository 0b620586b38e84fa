//! Opening connections: address, TLS, settings, and the task that each connection needs.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attune_ports::BoxError;
use diesel_async::AsyncPgConnection;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Client, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{Address, PostgresConfig, TlsMode};
use crate::home::Home;

/// After this the server gives up on a statement.
pub(crate) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// After this the server gives up waiting for a lock.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// After this the server ends a transaction in which nothing happens.
const IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// After this we give up on an answer, for a server that does not even say no.
pub(crate) const ANSWER_DEADLINE: Duration = Duration::from_secs(5);
/// Longest wait for a new connection. Shorter than [`ANSWER_DEADLINE`], so that the reason is told and not the wait.
const CONNECT_DEADLINE: Duration = Duration::from_secs(4);
/// Longest wait for a cancellation to be delivered.
const CANCEL_DEADLINE: Duration = Duration::from_secs(2);

/// Why a database cannot be used. Never quotes from the URL.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The URL makes no sense.
    #[error("the database URL cannot be used: {0}")]
    Url(&'static str),
    /// The file named by `sslrootcert` cannot be read, or has no certificate in it.
    #[error("no root certificates can be read from {}", path.display())]
    RootFile {
        /// Which file.
        path: PathBuf,
        /// What was wrong.
        source: BoxError,
    },
    /// TLS is demanded, and this system trusts nobody.
    #[error("the system has no root certificates to check the database's certificate with; name some by sslrootcert")]
    NoRoots,
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// No server, a server that refuses us, or one whose certificate is not trusted.
    #[error("the database cannot be reached")]
    Unreachable(#[source] BoxError),
}

/// Why a connection could not be opened.
#[derive(Debug, Error)]
pub(crate) enum DialError {
    #[error("the database server cannot be reached or refused the connection")]
    Refused(#[from] tokio_postgres::Error),
    #[error("the database server did not answer in time")]
    Late,
    #[error("the database server refused the settings of the connection")]
    Setup(#[from] diesel::ConnectionError),
    #[error("the store is closed")]
    ShuttingDown,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    UnitsOfWork,
    Queries,
    /// Few statements, asked very often, each of which has one good plan: row by row, by an index.
    HotQueries,
    Migrations,
}

impl Purpose {
    /// What the server is told to set for the connection, in the form of its own command line.
    fn settings(self) -> String {
        let (statement, lock, idle) = match self {
            Self::UnitsOfWork | Self::Queries | Self::HotQueries => {
                (STATEMENT_TIMEOUT, LOCK_TIMEOUT, IDLE_TRANSACTION_TIMEOUT)
            }
            // A migration takes as long as it takes, whatever the role's own settings are.
            Self::Migrations => (Duration::ZERO, Duration::ZERO, Duration::ZERO),
        };
        let read_only = match self {
            Self::Queries | Self::HotQueries => "on",
            Self::UnitsOfWork | Self::Migrations => "off",
        };
        // Left alone, the server plans a statement anew each time it thinks that a plan for these very values could be
        // better, which takes longer than carrying it out; and a plan made while a table was small reads all of it.
        let plans = match self {
            Self::HotQueries => {
                " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                 -c jit=off"
            }
            Self::UnitsOfWork | Self::Queries | Self::Migrations => "",
        };
        format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} \
             -c synchronous_commit=on -c default_transaction_read_only={read_only} -c TimeZone=UTC{plans}",
            statement.as_millis(),
            lock.as_millis(),
            idle.as_millis(),
        )
    }
}

/// An open connection.
pub(crate) struct Line {
    pub(crate) connection: AsyncPgConnection,
    /// Ends when the server is gone.
    driver: JoinHandle<()>,
}

impl Line {
    /// Whether the server is gone.
    pub(crate) fn is_dead(&self) -> bool {
        self.driver.is_finished()
    }

    /// Closes the connection, and waits until it is closed.
    pub(crate) async fn close(self) {
        let (connection, driver) = self.split();
        drop(connection);
        // The driver ends without a result; that it ended is all there is to know.
        let _ = driver.await;
    }

    /// The connection alone, and a task that ends when it is closed.
    pub(crate) fn split(self) -> (AsyncPgConnection, JoinHandle<()>) {
        (self.connection, self.driver)
    }
}

/// Opens connections to one database.
pub(crate) struct Dialer {
    server: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    /// Connections live here, wherever they are used from.
    home: Home,
    /// Every open connection listens to this, which tells when the last one is gone.
    open: watch::Sender<()>,
}

impl Dialer {
    /// Reads the configuration; opens nothing yet.
    pub(crate) async fn new(config: &PostgresConfig) -> Result<Self, OpenError> {
        let Address { mut server, tls, roots } = Address::parse(&config.url)?;
        if server.get_application_name().is_none() {
            server.application_name("attune");
        }
        // A server that vanished without a word is noticed within half a minute, and within ten seconds while something
        // is on its way to it.
        server.keepalives_idle(Duration::from_secs(15));
        server.keepalives_interval(Duration::from_secs(5));
        server.keepalives_retries(3);
        server.tcp_user_timeout(Duration::from_secs(10));
        let tls = match tls {
            TlsMode::Off => None,
            TlsMode::IfOffered | TlsMode::Always => {
                let made = tokio::task::spawn_blocking(move || trusting(roots, tls)).await;
                Some(made.map_err(|e| OpenError::Unreachable(e.into()))??)
            }
        };
        let open = watch::Sender::new(());
        let home = Home::found(open.clone()).map_err(|e| OpenError::Unreachable(e.into()))?;
        Ok(Self { server, tls, home, open })
    }

    /// Opens a connection. It is opened on the store's own thread, so that it outlives the task that asked for it.
    pub(crate) async fn dial(self: Arc<Self>, purpose: Purpose) -> Result<Line, DialError> {
        let dialer = Arc::clone(&self);
        self.in_time(async move {
            let (client, driver) = dialer.open(purpose).await?;
            Ok(Line { connection: AsyncPgConnection::try_from(client).await?, driver })
        })
        .await
    }

    /// Makes a connection ready on the store's own thread, or gives up when it takes too long.
    pub(crate) async fn in_time<T: Send + 'static>(
        &self,
        connecting: impl Future<Output = Result<T, DialError>> + Send + 'static,
    ) -> Result<T, DialError> {
        let connecting = async { timeout(CONNECT_DEADLINE, connecting).await.unwrap_or(Err(DialError::Late)) };
        self.home.handle().spawn(connecting).await.unwrap_or(Err(DialError::ShuttingDown))
    }

    /// A connection without Diesel, and a task that ends when the server is gone.
    pub(crate) async fn open(&self, purpose: Purpose) -> Result<(Client, JoinHandle<()>), DialError> {
        match self.tls.clone() {
            Some(tls) => self.connect(purpose, tls).await,
            None => self.connect(purpose, NoTls).await,
        }
    }

    async fn connect<T>(&self, purpose: Purpose, tls: T) -> Result<(Client, JoinHandle<()>), DialError>
    where
        T: MakeTlsConnect<Socket, Stream: Send + 'static, TlsConnect: Send>,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let mut server = self.server.clone();
        // What the URL says comes last and wins.
        server.options(format!("{} {}", purpose.settings(), self.server.get_options().unwrap_or_default()));
        let (client, connection) = server.connect(tls).await?;
        let open = self.open.subscribe();
        let driver = self.home.handle().spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a database connection broke");
            }
            drop(open);
        });
        Ok((client, driver))
    }

    /// Asks the server to stop what a connection is doing.
    pub(crate) async fn cancel(&self, token: CancelToken) {
        let told = match self.tls.clone() {
            Some(tls) => timeout(CANCEL_DEADLINE, token.cancel_query(tls)).await,
            None => timeout(CANCEL_DEADLINE, token.cancel_query(NoTls)).await,
        };
        // The statement timeout ends it all the same, only later.
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!("a statement that nobody waits for could not be cancelled");
        }
    }

    /// Where connections live.
    pub(crate) fn home(&self) -> &Handle {
        self.home.handle()
    }

    /// Waits until the last connection is closed, but not longer than the slowest statement can take.
    pub(crate) async fn all_closed(&self) {
        if timeout(ANSWER_DEADLINE, self.open.closed()).await.is_err() {
            tracing::warn!("some database connections are still in use");
        }
    }
}

/// TLS that trusts the given roots, or the system's.
fn trusting(file: Option<PathBuf>, mode: TlsMode) -> Result<MakeRustlsConnect, OpenError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = file {
        let unreadable = |source: BoxError| OpenError::RootFile { path: path.clone(), source };
        for certificate in CertificateDer::pem_file_iter(&path).map_err(|e| unreadable(e.into()))? {
            let certificate = certificate.map_err(|e| unreadable(e.into()))?;
            roots.add(certificate).map_err(|e| unreadable(e.into()))?;
        }
        if roots.is_empty() {
            return Err(unreadable(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
        }
    } else {
        // Some of a system's certificates are always older than today's rules; the others do.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() && mode == TlsMode::Always {
            return Err(OpenError::NoRoots);
        }
    }
    // The provider is named here, so that nothing depends on which one a process has chosen as its default.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(OpenError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests;
