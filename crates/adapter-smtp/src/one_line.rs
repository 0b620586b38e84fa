//! A connection that hands out at most one line per read.
//!
//! The mail library reads replies through a buffer and keeps that buffer when a connection changes to TLS. Whoever sits
//! in between could send further replies right behind the plain-text answer to STARTTLS, and they would be taken for
//! replies that came through TLS ("response injection", described with the NO STARTTLS attacks of 2021). If no read
//! gives more than a line, nothing can be left in that buffer: what was sent too early goes into the TLS handshake, which
//! then fails as it should.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A TCP connection read line by line.
#[derive(Debug)]
pub(crate) struct OneLineAtATime {
    inner: TcpStream,
    waiting: Vec<u8>,
}

impl OneLineAtATime {
    pub(crate) fn new(inner: TcpStream) -> Self {
        Self { inner, waiting: Vec::new() }
    }
}

impl AsyncRead for OneLineAtATime {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.waiting.is_empty() {
            let mut bytes = [0; 4096];
            let mut fresh = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut fresh))?;
            self.waiting.extend_from_slice(fresh.filled());
        }
        let line = self.waiting.iter().position(|&byte| byte == b'\n').map_or(self.waiting.len(), |end| end + 1);
        let count = line.min(out.remaining());
        out.put_slice(&self.waiting[..count]);
        self.waiting.drain(..count);
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
