//! What a connection may take: how many there are of each network, and how long a client may let us wait.

mod framework_problem;
mod noise;
mod stream;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_web::rt::net::TcpStream;
use attune_http_common::{AddressRange, Network};
use attune_ports::Random;

use self::noise::{Kind, Noise};
pub(crate) use self::stream::GuardedStream;
use self::stream::Patience;
use crate::settings::HttpSettings;

/// The send buffer of a connection in the kernel, in bytes. Linux reserves twice as much. What a client does not read
/// stays there, and only what does not fit is noticed.
const SEND_BUFFER: usize = 64 * 1024;

/// All open connections.
pub(crate) struct Connections {
    /// Of one network at the same time; `None` if there is no limit.
    limit: Option<u32>,
    trusted_proxies: Vec<AddressRange>,
    patience: Patience,
    random: Arc<dyn Random>,
    open: Mutex<HashMap<Network, u32>>,
    noise: Noise,
}

impl Connections {
    pub(crate) fn new(settings: &HttpSettings, random: Arc<dyn Random>) -> Arc<Self> {
        Arc::new(Self {
            limit: settings.limits.enabled.then_some(settings.limits.connections_per_network),
            trusted_proxies: settings.requests.trusted_proxies.clone(),
            patience: Patience {
                write: settings.write_timeout,
                answer: settings.head_timeout + settings.request_timeout + Duration::from_secs(1),
            },
            random,
            open: Mutex::default(),
            noise: Noise::new(settings.noise_period),
        })
    }

    /// Serves the connection unless its network has too many. `serve` speaks HTTP.
    pub(crate) async fn accept<F>(
        self: Arc<Self>,
        socket: TcpStream,
        serve: impl FnOnce((GuardedStream, Option<SocketAddr>)) -> F,
    ) -> Result<(), DispatchError>
    where
        F: Future<Output = Result<(), DispatchError>>,
    {
        // Without an address, the client is gone.
        let Ok(peer) = socket.peer_addr() else { return Ok(()) };
        let Some(_place) = self.admit(peer.ip()) else {
            self.noise.record(peer.ip(), Kind::Refused);
            // A reset, so that nothing of the connection remains in the kernel.
            let _ = socket.set_zero_linger();
            return Ok(());
        };
        let stream = GuardedStream::new(socket, self.patience, self.random.clone());
        match serve((stream, Some(peer))).await {
            Err(DispatchError::Parse(_)) => self.noise.record(peer.ip(), Kind::Unparsable),
            Err(DispatchError::DisconnectTimeout) => self.noise.record(peer.ip(), Kind::TimedOut),
            Err(DispatchError::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
                self.noise.record(peer.ip(), Kind::TimedOut);
            }
            Err(error @ (DispatchError::Body(_) | DispatchError::InternalError)) => {
                tracing::error!(%error, "connection failed");
            }
            // The client closed the connection, in whatever way.
            Ok(()) | Err(_) => {}
        }
        Ok(())
    }

    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let Some(limit) = self.limit.filter(|_| !self.trusted_proxies.iter().any(|range| range.contains(address)))
        else {
            return Some(Place(None));
        };
        let network = Network::of(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        (*count < limit).then(|| {
            *count += 1;
            Place(Some((self.clone(), network)))
        })
    }
}

/// The place of a connection among those of its network, until it is dropped.
struct Place(Option<(Arc<Connections>, Network)>);

impl Drop for Place {
    fn drop(&mut self) {
        let Some((connections, network)) = &self.0 else { return };
        let mut open = connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                open.remove(network);
            }
        }
    }
}

/// Sets what all accepted connections inherit: their send buffer, that nothing waits for the acknowledgement of what was
/// sent before (40 ms for each page of more than one slice), and how long a closed connection whose client takes
/// nothing remains in the kernel.
pub(crate) fn prepare(listener: &TcpListener, write_timeout: Duration) -> io::Result<()> {
    rustix::net::sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER)?;
    rustix::net::sockopt::set_tcp_nodelay(listener, true)?;
    #[cfg(target_os = "linux")]
    {
        let milliseconds = u32::try_from(write_timeout.as_millis()).unwrap_or(u32::MAX);
        rustix::net::sockopt::set_tcp_user_timeout(listener, milliseconds)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = write_timeout;
    Ok(())
}
