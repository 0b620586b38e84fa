//! The server's side of HTTP/1.1, as far as a client of Stripe needs it: one request per connection.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::form_urlencoded;

/// The size of the largest head and of the largest body.
const MAX_BYTES: usize = 1 << 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    /// The fields of the body.
    pub form: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field of the body, such as `metadata[booking_id]`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Response {
    pub(crate) async fn write(&self, stream: &mut TcpStream, drip: Option<Duration>) -> io::Result<()> {
        let bytes = self.bytes();
        let Some(delay) = drip else {
            stream.write_all(&bytes).await?;
            return stream.shutdown().await;
        };
        for byte in bytes {
            tokio::time::sleep(delay).await;
            stream.write_all(&[byte]).await?;
        }
        stream.shutdown().await
    }

    fn bytes(&self) -> Vec<u8> {
        let body = self.body.to_string();
        let mut head = format!("HTTP/1.1 {} Fake\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = body.len();
        format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
            .into_bytes()
    }
}

pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(Ok(0), |(_, value)| value.parse());
    let length: usize = length.map_err(|_| io::ErrorKind::InvalidData)?;
    let body_at = end + 4;
    while bytes.len() < body_at + length {
        more(stream, &mut bytes).await?;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let fields = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    Ok(Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        query: fields(query.as_bytes()),
        form: fields(&bytes[body_at..body_at + length]),
    })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let read = stream.read_buf(bytes).await?;
    if read == 0 || bytes.len() > 2 * MAX_BYTES { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
}
