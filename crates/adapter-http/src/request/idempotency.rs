//! The header `Idempotency-Key`: a POST request that is repeated has one effect and one response.
//!
//! The use case records the key together with the effect; the response is rendered and saved afterwards. A retry that finds
//! no saved response, because the first request is still being processed or the process crashed, renders one from the
//! present state of the booking. The response that is saved first is sent to all.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use attune_application::{Idempotent, IdempotentRequest, Replay};
use attune_domain::{BookingId, UserId};
use attune_http_common::{Code, Problem};
use attune_ports::{IdempotencyKey, StoredResponse};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::request::input::{FromFields, Request, parse};
use crate::state::State;

pub(crate) const KEY: &str = "Idempotency-Key";

pub(crate) const REPLAYED: &str = "Idempotent-Replayed";

pub(crate) const MAX_KEY_LENGTH: usize = 255;

impl Request {
    /// The body, and the idempotency key with the hash of the body.
    pub(crate) async fn idempotent_body<T: FromFields>(
        mut self,
        user: UserId,
    ) -> Result<(T, Option<IdempotentRequest>), Problem> {
        let key = key(&self, user)?;
        let body = self.json(T::OPTIONAL).await?;
        Ok((parse(&body)?, hashed(key, &body)?))
    }
}

fn key(request: &Request, user: UserId) -> Result<Option<IdempotencyKey>, Problem> {
    let key = match request.header_lines(KEY).as_slice() {
        [] => return Ok(None),
        [only] => *only,
        [_, ..] => return Err(Code::InvalidIdempotencyKey.into()),
    };
    let is_valid = (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    let text = str::from_utf8(key).ok().filter(|_| is_valid).ok_or(Code::InvalidIdempotencyKey)?;
    Ok(Some(IdempotencyKey { user, route: request.route(), key: text.to_owned() }))
}

fn hashed(key: Option<IdempotencyKey>, body: &[u8]) -> Result<Option<IdempotentRequest>, Problem> {
    let Some(key) = key else { return Ok(None) };
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|_| Code::MalformedJson)?;
    Ok(Some(IdempotentRequest { key, request_hash: fingerprint(&members) }))
}

/// SHA-256 of a body. White space, the order of the fields, escapes and fields that are null make no difference. The values
/// are strings, numbers and booleans: bodies with anything else are rejected before.
fn fingerprint(members: &BTreeMap<String, Box<RawValue>>) -> [u8; 32] {
    // Strings and names are quoted again, so that no two bodies have the same input of the hash.
    let quoted = |text: &str| Value::from(text).to_string();
    let mut hash = Sha256::new();
    for (name, value) in members.iter().filter(|(_, value)| value.get() != "null") {
        let text: Option<String> = serde_json::from_str(value.get()).ok();
        let value = text.map_or_else(|| value.get().to_owned(), |text| quoted(&text));
        hash.update(format!("{}:{value},", quoted(name)));
    }
    hash.finalize().into()
}

/// The response to a request that was executed now or before. `recover` reads what an earlier execution returned.
pub(crate) async fn idempotent_response<T>(
    state: &State,
    request: Option<&IdempotentRequest>,
    outcome: Idempotent<T>,
    recover: impl AsyncFnOnce(BookingId) -> Result<T, Problem>,
    render: impl AsyncFnOnce(T) -> Result<(StatusCode, String), Problem>,
) -> Result<IdempotentResponse, Problem> {
    let (result, replayed) = match outcome {
        Idempotent::Executed(result) => (result, false),
        Idempotent::Replayed(Replay::Unanswered(booking)) => (recover(booking).await?, true),
        Idempotent::Replayed(Replay::Response(response)) => return Ok(IdempotentResponse { response, replayed: true }),
    };
    let (status, body) = render(result).await?;
    let response = StoredResponse { status: status.as_u16(), body };
    Ok(IdempotentResponse { response: save(state, request, response).await, replayed })
}

/// Saves a response and returns the one that is stored.
async fn save(state: &State, request: Option<&IdempotentRequest>, response: StoredResponse) -> StoredResponse {
    let Some(request) = request else { return response };
    match state.api.use_cases.save_response.run(&request.key, response.clone()).await {
        Ok(stored) => stored,
        Err(error) => {
            // The effect is committed; a retry renders the response again.
            tracing::warn!(%error, route = %request.key.route, "response not saved");
            response
        }
    }
}

pub(crate) struct IdempotentResponse {
    response: StoredResponse,
    /// Whether the request was executed before.
    replayed: bool,
}

impl IdempotentResponse {
    pub(crate) fn respond(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.response.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        if self.replayed {
            response.insert_header((REPLAYED, "true"));
        }
        response.content_type(ContentType::json()).body(self.response.body)
    }

    /// The same with the URL of the new resource below `path`.
    pub(crate) fn respond_below(self, path: &str) -> HttpResponse {
        #[derive(Deserialize)]
        struct New {
            id: i64,
        }
        let location = serde_json::from_str(&self.response.body).ok().map(|New { id }| format!("{path}/{id}"));
        let mut response = self.respond();
        if let Some(Ok(location)) = location.map(TryInto::try_into) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

#[cfg(test)]
mod tests;
