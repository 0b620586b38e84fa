//! The server's side of HTTP/1.1, as much of it as a client of Stripe needs: one request to a connection.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::form_urlencoded;

use crate::api;
use crate::fake::{Behaviour, Moment, Shared};

/// Longest head and longest body that are read, in bytes.
const MAX_BYTES: usize = 1 << 16;

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/refunds`, without the query.
    pub path: String,
    /// Header names in small letters, with their values.
    pub headers: Vec<(String, String)>,
    /// The fields of the query.
    pub query: Vec<(String, String)>,
    /// The fields of the body.
    pub form: Vec<(String, String)>,
}

impl Received {
    /// The value of the header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field of the body, such as `metadata[booking_id]`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Answer {
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

/// Serves one connection. One that breaks just ends; there is nobody to tell.
pub(crate) async fn serve(mut stream: TcpStream, shared: Shared) {
    let _ = converse(&mut stream, &shared).await;
}

async fn converse(stream: &mut TcpStream, shared: &Shared) -> io::Result<()> {
    let request = read(stream).await?;
    let behaviour = shared.begin(&request);
    match behaviour {
        Behaviour::Stall(Moment::Before) => return stall(stream).await,
        Behaviour::Cut(Moment::Before) => return Ok(()),
        Behaviour::Refuse { status, advice } => {
            return say(stream, &api::refusal(status, advice), None).await;
        }
        Behaviour::Obey
        | Behaviour::Spoil(_)
        | Behaviour::Stall(Moment::After)
        | Behaviour::Cut(Moment::After)
        | Behaviour::Drip(_) => {}
    }
    let answer = shared.change(|state| api::answer(state, &request, behaviour));
    match behaviour {
        Behaviour::Stall(_) => stall(stream).await,
        Behaviour::Cut(_) => Ok(()),
        Behaviour::Drip(pause) => say(stream, &answer, Some(pause)).await,
        Behaviour::Obey | Behaviour::Spoil(_) | Behaviour::Refuse { .. } => say(stream, &answer, None).await,
    }
}

async fn say(stream: &mut TcpStream, answer: &Answer, drip: Option<Duration>) -> io::Result<()> {
    let bytes = answer.bytes();
    let Some(pause) = drip else {
        stream.write_all(&bytes).await?;
        return stream.shutdown().await;
    };
    for byte in bytes {
        tokio::time::sleep(pause).await;
        stream.write_all(&[byte]).await?;
    }
    stream.shutdown().await
}

/// Reads and forgets until the client goes away.
async fn stall(stream: &mut TcpStream) -> io::Result<()> {
    let mut scratch = [0; 1024];
    while let Ok(1..) = stream.read(&mut scratch).await {}
    Ok(())
}

async fn read(stream: &mut TcpStream) -> io::Result<Received> {
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
    Ok(Received {
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
