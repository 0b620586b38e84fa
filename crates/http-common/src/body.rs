//! Reading requests within limits.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT, CONTENT_LENGTH};
use actix_web::web::BytesMut;
use actix_web::{HttpMessage, HttpRequest};
use attune_application::RequestMetadata;
use futures_util::StreamExt;

use crate::{AddressRange, Code, Problem, RequestId, client_address, network_name};

/// How requests are read.
#[derive(Debug, Clone)]
pub struct RequestLimits {
    /// Proxies whose `X-Forwarded-For` and `Forwarded` are trusted. Without any, the headers are ignored.
    pub trusted_proxies: Vec<AddressRange>,
    /// Largest body, in bytes.
    pub max_body_bytes: usize,
    /// Time limit for the body of a request.
    pub body_timeout: Duration,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { trusted_proxies: Vec::new(), max_body_bytes: 64 * 1024, body_timeout: Duration::from_secs(10) }
    }
}

impl RequestLimits {
    /// The client's address, as far as it can be trusted.
    pub fn address(&self, http: &HttpRequest) -> Option<IpAddr> {
        client_address(http, &self.trusted_proxies)
    }

    /// What the audit trail stores about the request.
    pub fn metadata(&self, http: &HttpRequest) -> RequestMetadata {
        RequestMetadata {
            request_id: http.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()),
            network: self.address(http).map(network_name),
        }
    }

    /// Reads the body. Fails with [`Code::PayloadTooLarge`], [`Code::RequestTimeout`], or [`Code::BadRequest`] if the
    /// client closed the connection or broke the framing.
    pub async fn read(&self, http: &HttpRequest, payload: &mut Payload) -> Result<BytesMut, Problem> {
        self.read_up_to(self.max_body_bytes, http, payload).await
    }

    /// Reads and ignores the body. Fails like [`RequestLimits::read`].
    pub async fn skip(&self, http: &HttpRequest, payload: &mut Payload) -> Result<(), Problem> {
        self.read(http, payload).await.map(|_| ())
    }

    /// Reads a body with a limit of its own, in bytes. Fails like [`RequestLimits::read`].
    pub async fn read_up_to(
        &self,
        limit: usize,
        http: &HttpRequest,
        payload: &mut Payload,
    ) -> Result<BytesMut, Problem> {
        let announced = http.headers().get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Code::PayloadTooLarge.into());
        }
        let read = async move {
            let mut bytes = BytesMut::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| Problem::from(Code::BadRequest))?;
                if bytes.len() + chunk.len() > limit {
                    return Err(Code::PayloadTooLarge.into());
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        tokio::time::timeout(self.body_timeout, read).await.map_err(|_| Problem::from(Code::RequestTimeout))?
    }
}

/// Whether the client explicitly accepts JSON, errors included.
pub fn wants_json(http: &HttpRequest) -> bool {
    let accept = http.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
