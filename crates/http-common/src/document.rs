//! Documents that are the same for every client.

use std::io::Write;
use std::sync::OnceLock;

use actix_web::body::BoxBody;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::sliced_body::SlicedBody;

/// A document that is stored once, however many clients load it at the same time. The compressed form is made when it is
/// first requested.
pub struct Document {
    content_type: HeaderValue,
    plain: Bytes,
    compressed: OnceLock<Option<Bytes>>,
    fingerprint: String,
}

impl Document {
    pub fn new(content_type: HeaderValue, bytes: Bytes) -> Self {
        let fingerprint = Sha256::digest(&bytes).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Self { content_type, plain: bytes, compressed: OnceLock::new(), fingerprint }
    }

    /// Responds with the document, or with 304 if the client has it. `caching` is the value of `Cache-Control`.
    pub fn respond(&self, http: &HttpRequest, caching: &'static str) -> HttpResponse {
        let compressed = accepts_gzip(http).then(|| self.compressed()).flatten();
        let tag = self.tag(compressed.is_some());
        let unchanged = values(http, &IF_NONE_MATCH).any(|known| known == "*" || known.trim_start_matches("W/") == tag);
        let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((CACHE_CONTROL, caching))
            .insert_header((ETAG, tag))
            .insert_header((VARY, "Accept-Encoding"));
        if unchanged {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, self.content_type.clone()));
        if compressed.is_some() {
            response.insert_header((CONTENT_ENCODING, "gzip"));
        }
        response.body(BoxBody::new(SlicedBody::new(compressed.unwrap_or(&self.plain).clone())))
    }

    /// Each form has a tag of its own, because a tag promises equal bytes (RFC 9110, section 8.8.3).
    fn tag(&self, compressed: bool) -> String {
        let form = if compressed { "-gzip" } else { "" };
        format!("\"{}{form}\"", self.fingerprint)
    }

    /// `None` if the document does not become smaller.
    fn compressed(&self) -> Option<&Bytes> {
        self.compressed.get_or_init(|| gzip(&self.plain).filter(|bytes| bytes.len() < self.plain.len())).as_ref()
    }
}

fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

fn accepts_gzip(http: &HttpRequest) -> bool {
    let weight = |wanted: &str| {
        values(http, &ACCEPT_ENCODING).find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let named = parts.next()?.eq_ignore_ascii_case(wanted);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            named.then(|| weight.unwrap_or(1.0))
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

/// The entries of a header that is a list.
fn values<'a>(http: &'a HttpRequest, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = http.headers().get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests;
