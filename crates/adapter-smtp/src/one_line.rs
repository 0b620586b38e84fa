//! A connection that returns at most one line per read.
//!
//! The SMTP library keeps its read buffer when a connection changes to TLS. An attacker in between could append replies to
//! the plain-text response to STARTTLS, which would then count as received through TLS ("response injection", one of the
//! NO STARTTLS attacks of 2021). With at most one line per read, that buffer is empty, and injected bytes make the TLS
//! handshake fail.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct OneLineAtATime {
    inner: TcpStream,
    unread: Vec<u8>,
}

impl OneLineAtATime {
    pub(crate) fn new(inner: TcpStream) -> Self {
        Self { inner, unread: Vec::new() }
    }
}

impl AsyncRead for OneLineAtATime {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            let mut bytes = [0; 4096];
            let mut fresh = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut fresh))?;
            self.unread.extend_from_slice(fresh.filled());
        }
        let line = self.unread.iter().position(|&byte| byte == b'\n').map_or(self.unread.len(), |end| end + 1);
        let count = line.min(out.remaining());
        out.put_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for OneLineAtATime {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl AsyncTokioStream for OneLineAtATime {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }
}
