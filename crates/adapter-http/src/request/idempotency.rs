//! A wish that is sent twice under one `Idempotency-Key` is granted once and answered twice, in the same words.
//!
//! The answer is kept in the unit of work of its effect. A part of it may be known only afterwards: where to pay, which
//! mails are owed. Until then the booking's id stands there alone. Whoever sends the wish again in between, or after a
//! crash in between, finishes the answer; what is finished first is what everybody gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ContentType, LOCATION};
use attune_application::IdempotentRequest;
use attune_domain::{Booking, BookingId, UserId};
use attune_ports::{IdempotencyKey, StoredResponse};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::request::input::{FromFields, Request, parse};
use crate::response::problem::{Code, FieldError, Problem};
use crate::state::State;

/// The header that names a wish.
pub(crate) const KEY: &str = "Idempotency-Key";

/// The header that tells an answer given before.
pub(crate) const REPLAYED: &str = "Idempotent-Replayed";

/// Longest name of a wish.
pub(crate) const MAX_KEY_LENGTH: usize = 255;

/// A wish that has a name.
pub(crate) struct Key {
    name: IdempotencyKey,
    request_hash: [u8; 32],
}

impl Key {
    /// What the use case needs to grant the wish once. `write` writes the answer down from the booking alone.
    pub(crate) fn idempotency(
        self,
        status: StatusCode,
        write: impl Fn(&Booking) -> String + Send + Sync + 'static,
    ) -> IdempotentRequest {
        self.once_as(move |booking| (status, write(booking)))
    }

    /// The same where the status follows from the booking too.
    pub(crate) fn once_as(
        self,
        write: impl Fn(&Booking) -> (StatusCode, String) + Send + Sync + 'static,
    ) -> IdempotentRequest {
        let render = move |booking: &Booking| {
            let (status, body) = write(booking);
            (status.as_u16(), body)
        };
        IdempotentRequest { key: self.name, request_hash: self.request_hash, render: Arc::new(render) }
    }
}

impl Request {
    /// The body, which has to be there, and the name of the wish if it has one.
    pub(crate) async fn wish<T: FromFields>(mut self, caller: UserId) -> Result<(T, Option<Key>), Problem> {
        let name = name(&self, caller)?;
        let body = self.json().await?;
        Ok((parse(&body)?, named(name, &body)?))
    }

    /// The same where the body may be missing.
    pub(crate) async fn optional_wish<T: FromFields>(mut self, caller: UserId) -> Result<(T, Option<Key>), Problem> {
        let name = name(&self, caller)?;
        let body = self.optional_json().await?;
        Ok((parse(&body)?, named(name, &body)?))
    }
}

/// Reads the name of a wish.
fn name(request: &Request, user: UserId) -> Result<Option<IdempotencyKey>, Problem> {
    let wrong = |code| Problem::invalid(vec![code]);
    let key = match request.header_lines(KEY).as_slice() {
        [] => return Ok(None),
        [only] => *only,
        [_, ..] => return Err(Problem::field(KEY, Code::DuplicateField)),
    };
    if key.is_empty() || key.len() > MAX_KEY_LENGTH {
        let message = format!("The key must have between 1 and {MAX_KEY_LENGTH} characters.");
        return Err(wrong(FieldError::with_message(KEY, Code::OutOfRange, message)));
    }
    let visible = key.iter().all(u8::is_ascii_graphic);
    let text = str::from_utf8(key).ok().filter(|_| visible);
    let Some(text) = text else {
        let message = "The key must consist of visible ASCII characters, without spaces.";
        return Err(wrong(FieldError::with_message(KEY, Code::InvalidCharacters, message)));
    };
    Ok(Some(IdempotencyKey { user, route: request.route(), key: text.to_owned() }))
}

/// Puts the name of a wish together with what is asked.
fn named(name: Option<IdempotencyKey>, body: &[u8]) -> Result<Option<Key>, Problem> {
    let Some(name) = name else { return Ok(None) };
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).map_err(|_| Code::MalformedJson)?;
    Ok(Some(Key { name, request_hash: fingerprint(&members) }))
}

/// SHA-256 of what is asked. Blanks, the order of the fields, how letters are escaped and fields that are null make no
/// difference. The values are texts, numbers, `true` and `false`: bodies with anything else in them are refused before.
fn fingerprint(members: &BTreeMap<String, Box<RawValue>>) -> [u8; 32] {
    // Texts and names are quoted again, so that no two bodies are written as one.
    let quoted = |text: &str| Value::from(text).to_string();
    let mut hash = Sha256::new();
    for (name, value) in members.iter().filter(|(_, value)| value.get() != "null") {
        let text: Option<String> = serde_json::from_str(value.get()).ok();
        let value = text.map_or_else(|| value.get().to_owned(), |text| quoted(&text));
        hash.update(format!("{}:{value},", quoted(name)));
    }
    hash.finalize().into()
}

/// What is kept while a part of the answer is not known yet.
pub(crate) fn unfinished(booking: &Booking) -> String {
    booking.id().to_string()
}

/// Finishes an answer that was kept unfinished, and returns what everybody gets.
pub(crate) async fn finish(
    state: &State,
    idempotency: Option<&IdempotentRequest>,
    booking: BookingId,
    body: String,
) -> String {
    let Some(idempotency) = idempotency else { return body };
    let completed =
        state.api.use_cases.create_booking.complete_response(idempotency, booking, &booking.to_string(), &body).await;
    completed.unwrap_or_else(|error| {
        // The wish is granted whatever becomes of the answer; the next try finishes it.
        tracing::warn!(booking = %booking, %error, "an answer could not be kept");
        body
    })
}

/// The answer to a wish that was granted before. `write` writes one that is not finished yet.
pub(crate) async fn replay(
    state: &State,
    idempotency: Option<&IdempotentRequest>,
    kept: StoredResponse,
    write: impl AsyncFnOnce(BookingId) -> Result<String, Problem>,
) -> Result<Answer, Problem> {
    // A whole answer is an object, so only an unfinished one is a number.
    let Some(booking) = kept.body.parse().ok().and_then(BookingId::new) else { return Ok(Answer::kept(kept)) };
    let body = finish(state, idempotency, booking, write(booking).await?).await;
    Ok(Answer::kept(StoredResponse { body, ..kept }))
}

/// An answer in JSON on its way out.
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// JSON.
    pub(crate) body: String,
    /// Whether it was given before.
    pub(crate) replayed: bool,
}

impl Answer {
    /// To a wish that was granted now.
    pub(crate) fn fresh(status: StatusCode, body: String) -> Self {
        Self { status, body, replayed: false }
    }

    /// To a wish that was granted before.
    pub(crate) fn kept(reply: StoredResponse) -> Self {
        let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
        Self { status, body: reply.body, replayed: true }
    }

    /// The response.
    pub(crate) fn respond(self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.replayed {
            response.insert_header((REPLAYED, "true"));
        }
        response.content_type(ContentType::json()).body(self.body)
    }

    /// The response about something new, which can be read below this address from now on.
    pub(crate) fn respond_below(self, address: &str) -> HttpResponse {
        /// What every body about something new has.
        #[derive(Deserialize)]
        struct New {
            id: i64,
        }
        let location = serde_json::from_str(&self.body).ok().map(|New { id }| format!("{address}/{id}"));
        let mut response = self.respond();
        if let Some(Ok(location)) = location.map(TryInto::try_into) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

#[cfg(test)]
mod tests;
