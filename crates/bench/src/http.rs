//! The part of HTTP/1.1 that two programs of our own need on one machine.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A persistent connection for one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// A response in the connection's buffer.
pub(crate) struct Response<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024], filled: 0 })
    }

    /// Waits for the complete response.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Response<'_>> {
        self.filled = 0;
        self.stream.write_all(request).await?;
        let mut searched = 0;
        let head = loop {
            self.read_more().await?;
            // The end of the head may span two reads.
            let from = usize::saturating_sub(searched, 3);
            if let Some(at) = self.buffer[from..self.filled].windows(4).position(|four| four == b"\r\n\r\n") {
                break from + at + 4;
            }
            searched = self.filled;
        };
        let (status, length) = read_head(&self.buffer[..head]).ok_or(io::ErrorKind::InvalidData)?;
        let end = head + length;
        while self.filled < end {
            self.read_more().await?;
        }
        Ok(Response { status, body: &self.buffer[head..end] })
    }

    async fn read_more(&mut self) -> io::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.filled += read;
                Ok(())
            }
        }
    }
}

/// Status and length of the body. None of our responses is chunked.
fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok());
    Some((status, length.unwrap_or(0)))
}

/// The bytes of a request; `body` is JSON.
pub(crate) fn request(method: &str, host: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n");
    if let Some(token) = token {
        text += &format!("Authorization: Bearer {token}\r\n");
    }
    if let Some(body) = body {
        text += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    text += "\r\n";
    text += body.unwrap_or_default();
    text.into_bytes()
}

/// A request with one more header.
pub(crate) fn with_header(request: &[u8], header: &str) -> Vec<u8> {
    let end = request.windows(2).position(|two| two == b"\r\n").map_or(request.len(), |line| line + 2);
    [&request[..end], header.as_bytes(), b"\r\n", &request[end..]].concat()
}
