//! Responses of the framework to what it cannot read as a request. They have no body, and no handler ever sees them.

use std::io::Write;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use attune_http_common::{Code, NO_CONTENT_POLICY, Problem, RequestId, add_security_headers};
use attune_ports::Random;

/// How each of them starts: it cannot be the start of a response of ours, all of which have a body for these statuses.
const STARTS: [&[u8]; 3] = [
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n",
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n",
];

/// Longer than any of them.
const LONGEST: usize = 256;

/// Where the framework's own response starts. It is always the last of a connection.
pub(super) fn find(written: &[u8]) -> Option<usize> {
    if !written.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = written.len().saturating_sub(LONGEST);
    let tail = &written[from..];
    STARTS.iter().find_map(|start| tail.windows(start.len()).rposition(|window| window == *start)).map(|at| from + at)
}

/// The response that says what is wrong, instead of this one.
pub(super) fn explain(response: &[u8], random: &dyn Random) -> Vec<u8> {
    let text = String::from_utf8_lossy(response);
    let status = text.split(' ').nth(1).and_then(|code| StatusCode::from_bytes(code.as_bytes()).ok());
    let problem = Problem::from(Code::of_status(status.unwrap_or(StatusCode::BAD_REQUEST)));
    let id = RequestId::of(&HeaderMap::new(), random);
    // A struct of strings and numbers always has a JSON form; at worst the body is empty.
    let body = serde_json::to_vec(&problem.body(id.as_str())).unwrap_or_default();
    let mut headers = HeaderMap::new();
    add_security_headers(&mut headers, &id, NO_CONTENT_POLICY, false);
    let mut explained = Vec::new();
    for line in text.trim_end().split("\r\n").filter(|line| !line.starts_with("content-length")) {
        let _ = write!(explained, "{line}\r\n");
    }
    for (name, value) in &headers {
        let _ = write!(explained, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    let _ = write!(explained, "content-type: application/problem+json\r\ncontent-length: {}\r\n\r\n", body.len());
    explained.extend_from_slice(&body);
    explained
}
