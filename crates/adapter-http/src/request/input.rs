//! Reading requests: the body, the query and the IDs of the path.
//!
//! A body is read in two steps. The first checks that it is JSON (400 if not) and never recurses, so deep nesting is
//! harmless. The second reads each field and collects all errors, so that a form can show them at once (422).

use std::fmt;
use std::ops::RangeInclusive;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use attune_application::RequestMetadata;
use attune_domain::{Booking, BookingId, ParticipantId, PaymentProblemId, ScheduleExceptionId, ServiceId, UserId};
use attune_http_common::{RequestId, client_address, network_name};
use attune_ports::Caller;
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use url::form_urlencoded;

use crate::request::auth::{authenticate, authenticate_alongside, authenticate_for};
use crate::response::problem::{Code, FieldError, Problem};
use crate::state::State;

/// Maximum number of reported errors, so that responses stay small.
const MAX_ERRORS: usize = 50;

/// Maximum length of the name of an unknown field in a response.
const MAX_FIELD_NAME: usize = 64;

/// A request. Nothing is read until the handler needs it, so that an unauthorised caller learns nothing else.
pub(crate) struct Request {
    http: HttpRequest,
    payload: Payload,
}

impl FromRequest for Request {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self { http: http.clone(), payload: payload.take() }))
    }
}

impl Request {
    pub(crate) fn metadata(&self) -> RequestMetadata {
        RequestMetadata {
            request_id: self.http.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()),
            network: self.address().map(network_name),
        }
    }

    /// The client's address, as far as it can be trusted.
    pub(crate) fn address(&self) -> Option<std::net::IpAddr> {
        client_address(&self.http, &State::of(&self.http).ok()?.settings.trusted_proxies)
    }

    /// The caller, and the booking of the path, if it exists. Without a valid token, the response says nothing about
    /// the path.
    pub(crate) async fn caller_and_booking(&self) -> Result<(Caller, Option<Booking>), Problem> {
        match self.booking_id() {
            Ok(id) => authenticate_for(&self.http, id).await,
            Err(problem) => {
                authenticate(&self.http).await?;
                Err(problem)
            }
        }
    }

    /// The caller, and the result of a lookup at the same time.
    pub(crate) async fn caller_and<T>(&self, lookup: impl AsyncFnOnce(UserId) -> T) -> Result<(Caller, T), Problem> {
        authenticate_alongside(&self.http, lookup).await
    }

    pub(crate) fn booking_id(&self) -> Result<BookingId, Problem> {
        self.number("id").and_then(BookingId::new).ok_or_else(|| Code::InvalidBookingId.into())
    }

    pub(crate) fn user_id(&self) -> Result<UserId, Problem> {
        self.id("id", UserId::new)
    }

    pub(crate) fn participant_id(&self) -> Result<ParticipantId, Problem> {
        self.id("participant_id", ParticipantId::new)
    }

    pub(crate) fn service_id(&self) -> Result<ServiceId, Problem> {
        self.id("id", ServiceId::new)
    }

    pub(crate) fn schedule_exception_id(&self) -> Result<ScheduleExceptionId, Problem> {
        self.id("id", ScheduleExceptionId::new)
    }

    pub(crate) fn payment_problem_id(&self) -> Result<PaymentProblemId, Problem> {
        self.id("id", PaymentProblemId::new)
    }

    fn id<T>(&self, name: &str, parse: impl FnOnce(i64) -> Option<T>) -> Result<T, Problem> {
        self.number(name).and_then(parse).ok_or_else(|| Code::InvalidId.into())
    }

    /// The method and the normalised path.
    pub(crate) fn route(&self) -> String {
        let pattern = self.http.match_pattern().unwrap_or_default();
        let path = self.number("id").map_or(pattern.clone(), |id| pattern.replace("{id}", &id.to_string()));
        format!("{} {path}", self.http.method())
    }

    /// All values of a header.
    pub(crate) fn header_lines(&self, name: &str) -> Vec<&[u8]> {
        self.http.headers().get_all(name).map(|line| line.as_bytes()).collect()
    }

    pub(crate) fn segment(&self, name: &str) -> &str {
        self.http.match_info().get(name).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i64> {
        let text = self.segment(name);
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    }

    /// Whether the client explicitly accepts JSON.
    pub(crate) fn wants_json(&self) -> bool {
        self.header(&ACCEPT).is_some_and(|accept| accept.contains("application/json"))
    }

    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.http.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn query<T: FromFields>(&self) -> Result<T, Problem> {
        let pairs = form_urlencoded::parse(self.http.query_string().as_bytes());
        Fields::new(pairs.map(|(name, value)| (name.into_owned(), Raw::Text(value.into_owned()))).collect()).read()
    }

    pub(crate) fn raw_query(&self) -> &str {
        self.http.query_string()
    }

    /// Rejects all query parameters.
    pub(crate) fn no_query(&self) -> Result<(), Problem> {
        self.query::<Nothing>().map(|Nothing| ())
    }

    pub(crate) async fn body<T: FromFields>(mut self) -> Result<T, Problem> {
        parse(&self.json().await?)
    }

    /// The body; a missing one counts as an empty object.
    pub(crate) async fn optional_body<T: FromFields>(mut self) -> Result<T, Problem> {
        parse(&self.optional_json().await?)
    }

    /// The bytes of a required body of type JSON.
    pub(crate) async fn json(&mut self) -> Result<web::BytesMut, Problem> {
        self.no_query()?;
        self.check_media_type()?;
        self.bytes().await
    }

    /// The same; a missing body counts as an empty object.
    pub(crate) async fn optional_json(&mut self) -> Result<web::BytesMut, Problem> {
        self.no_query()?;
        let typed = self.http.headers().contains_key(CONTENT_TYPE);
        if typed {
            self.check_media_type()?;
        }
        let bytes = self.bytes().await?;
        match (bytes.is_empty(), typed) {
            (true, _) => Ok(web::BytesMut::from("{}")),
            (false, false) => Err(Code::UnsupportedMediaType.into()),
            (false, true) => Ok(bytes),
        }
    }

    /// The unparsed body, for signed requests.
    pub(crate) async fn raw_body(mut self, limit: usize) -> Result<web::BytesMut, Problem> {
        self.bytes_up_to(limit).await
    }

    pub(crate) async fn message<T: DeserializeOwned>(self, limit: usize) -> Result<T, Problem> {
        parse_message(&self.raw_body(limit).await?)
    }

    /// A header that occurs once.
    pub(crate) fn only_header(&self, name: &str) -> Option<String> {
        let mut lines = self.http.headers().get_all(name);
        let only = lines.next()?.to_str().ok()?.to_owned();
        lines.next().is_none().then_some(only)
    }

    /// Reads and ignores the body.
    pub(crate) async fn skip_body(&mut self) -> Result<(), Problem> {
        self.bytes().await.map(|_| ())
    }

    /// Plain JSON only. Any page on the web can send a form or a text without a preflight request, and a compressed
    /// body can be a decompression bomb.
    fn check_media_type(&self) -> Result<(), Problem> {
        let media = self.header(&CONTENT_TYPE).unwrap_or_default();
        let (essence, parameters) = media.split_once(';').unwrap_or((media, ""));
        let utf8 = parameters.split(';').all(|p| match p.trim().to_ascii_lowercase().split_once('=') {
            Some(("charset", charset)) => charset.trim_matches('"') == "utf-8",
            Some(_) | None => true,
        });
        let single = self.http.headers().get_all(CONTENT_TYPE).count() == 1;
        let plain = self.http.headers().get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        if single && plain && utf8 && essence.trim().eq_ignore_ascii_case("application/json") {
            Ok(())
        } else {
            Err(Code::UnsupportedMediaType.into())
        }
    }

    async fn bytes(&mut self) -> Result<web::BytesMut, Problem> {
        let limit = State::of(&self.http)?.settings.max_body_bytes;
        self.bytes_up_to(limit).await
    }

    async fn bytes_up_to(&mut self, limit: usize) -> Result<web::BytesMut, Problem> {
        let deadline = State::of(&self.http)?.settings.body_timeout;
        let announced = self.header(&CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Code::PayloadTooLarge.into());
        }
        let payload = &mut self.payload;
        let read = async move {
            let mut bytes = web::BytesMut::new();
            while let Some(chunk) = payload.next().await {
                // The client closed the connection or broke the framing.
                let chunk = chunk.map_err(|_| Problem::from(Code::BadRequest))?;
                if bytes.len() + chunk.len() > limit {
                    return Err(Code::PayloadTooLarge.into());
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        tokio::time::timeout(deadline, read).await.map_err(|_| Problem::from(Code::RequestTimeout))?
    }
}

pub(crate) fn parse<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    let whole: &RawValue = serde_json::from_slice(bytes).map_err(|_| Problem::from(Code::MalformedJson))?;
    let members = serde_json::from_str::<Members>(whole.get()).map_err(|_| {
        Problem::invalid(vec![FieldError::with_message("", Code::WrongType, "The body must be a JSON object.")])
    })?;
    Fields::new(members.0).read()
}

/// Reads a message of another program, which may have unknown fields.
pub(crate) fn parse_message<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|_| Code::MalformedJson.into())
}

/// The members of a JSON object, unparsed.
struct Members(Vec<(String, Raw)>);

impl<'de> de::Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push((name, Raw::Json(value)));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// The unparsed value of a field.
enum Raw {
    Json(Box<RawValue>),
    Text(String),
}

impl Raw {
    fn is_null(&self) -> bool {
        matches!(self, Self::Json(json) if json.get() == "null")
    }
}

/// The allowed characters of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Characters {
    /// One line.
    Line,
    /// Several lines.
    Lines,
    /// A password.
    Any,
}

/// Something that can be read from the fields of a body or of a query.
pub(crate) trait FromFields: Sized {
    /// Reads the fields. `None` if one of them is missing or invalid; the errors are in `fields`.
    fn read(fields: &mut Fields) -> Option<Self>;
}

pub(crate) struct Nothing;

impl FromFields for Nothing {
    fn read(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }
}

/// The fields of a body or of a query, and the errors so far.
pub(crate) struct Fields {
    given: Vec<(String, Raw)>,
    errors: Vec<FieldError>,
}

impl Fields {
    fn new(given: Vec<(String, Raw)>) -> Self {
        Self { given, errors: Vec::new() }
    }

    fn read<T: FromFields>(mut self) -> Result<T, Problem> {
        let value = T::read(&mut self);
        self.reject_rest();
        self.errors.truncate(MAX_ERRORS);
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            Some(_) | None => Err(Problem::invalid(self.errors)),
        }
    }

    /// Reports the fields that were not read as unknown.
    fn reject_rest(&mut self) {
        for (name, _) in std::mem::take(&mut self.given) {
            if self.errors.len() >= MAX_ERRORS {
                break;
            }
            let name: String = name.chars().take(MAX_FIELD_NAME).collect();
            self.errors.push(FieldError::new(name, Code::UnknownField));
        }
    }

    pub(crate) fn wrong(&mut self, name: &str, code: Code) {
        self.errors.push(FieldError::new(name, code));
    }

    /// Reports an error with a more precise message than the table's.
    pub(crate) fn wrong_because(&mut self, name: &str, code: Code, message: impl Into<String>) {
        self.errors.push(FieldError::with_message(name, code, message));
    }

    fn wrong_type(&mut self, name: &str, expected: &str) {
        self.errors.push(FieldError::with_message(name, Code::WrongType, format!("The value must be {expected}.")));
    }

    /// Takes the field out; the inner `None` is a JSON null.
    fn take(&mut self, name: &str) -> Option<Option<Raw>> {
        let at = self.given.iter().position(|(n, _)| n == name)?;
        let (_, raw) = self.given.remove(at);
        if self.given.iter().any(|(n, _)| n == name) {
            self.given.retain(|(n, _)| n != name);
            self.wrong(name, Code::DuplicateField);
        }
        Some(if raw.is_null() { None } else { Some(raw) })
    }

    fn read_text(&mut self, name: &str, raw: Raw, allowed: Characters) -> Option<String> {
        let text = match raw {
            Raw::Text(text) => text,
            Raw::Json(json) if json.get().starts_with('"') => match serde_json::from_str::<String>(json.get()) {
                Ok(text) => text,
                // Half of a surrogate pair.
                Err(_) => {
                    self.wrong(name, Code::InvalidCharacters);
                    return None;
                }
            },
            Raw::Json(_) => {
                self.wrong_type(name, "a string");
                return None;
            }
        };
        let fits = |c: char| match allowed {
            Characters::Line => !c.is_control(),
            Characters::Lines => !c.is_control() || matches!(c, '\n' | '\r' | '\t'),
            Characters::Any => true,
        };
        if !text.chars().all(fits) {
            self.wrong(name, Code::InvalidCharacters);
            return None;
        }
        Some(text)
    }

    fn optional_text(&mut self, name: &str, allowed: Characters) -> Option<String> {
        let raw = self.take(name)??;
        self.read_text(name, raw, allowed)
    }

    fn required_text(&mut self, name: &str, allowed: Characters) -> Option<String> {
        match self.take(name).flatten() {
            Some(raw) => self.read_text(name, raw, allowed),
            None => {
                self.wrong(name, Code::Required);
                None
            }
        }
    }

    /// A required line of text.
    pub(crate) fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Code>) -> Option<T> {
        let text = self.required_text(name, Characters::Line)?;
        self.check(name, parse(&text))
    }

    /// An optional line of text. `parse` decides what an empty one means.
    pub(crate) fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<Option<T>, Code>) -> Option<T> {
        let text = self.optional_text(name, Characters::Line)?;
        self.check(name, parse(&text)).flatten()
    }

    /// A change of a text: omitted keeps it (outer `None`), null or empty clears it (inner `None`).
    pub(crate) fn change<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<Option<T>, Code>,
    ) -> Option<Option<T>> {
        let Some(raw) = self.take(name)? else { return Some(None) };
        let text = self.read_text(name, raw, Characters::Line)?;
        self.check(name, parse(&text))
    }

    pub(crate) fn optional_lines(&mut self, name: &str) -> Option<String> {
        self.optional_text(name, Characters::Lines)
    }

    pub(crate) fn password(&mut self, name: &str) -> Option<attune_ports::Password> {
        self.required_text(name, Characters::Any).map(attune_ports::Password::new)
    }

    pub(crate) fn optional_instant(&mut self, name: &str) -> Option<Timestamp> {
        self.optional(name, |text| instant(text).map(Some))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let raw = self.take(name)??;
        let text = match &raw {
            Raw::Json(json) => json.get(),
            Raw::Text(text) => text,
        };
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.wrong_type(name, "true or false");
                None
            }
        }
    }

    /// An optional integer.
    pub(crate) fn whole<T>(&mut self, name: &str, parse: impl FnOnce(i64) -> Option<T>) -> Option<T> {
        let value = self.digits(name)?.parse().ok().and_then(parse);
        if value.is_none() {
            self.wrong(name, Code::OutOfRange);
        }
        value
    }

    /// An optional integer; the error message contains the range.
    pub(crate) fn whole_within<T: TryFrom<i64>>(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<T> {
        let number = self.digits(name)?.parse().ok().filter(|number| range.contains(number));
        let value = number.and_then(|number| T::try_from(number).ok());
        if value.is_none() {
            let (least, most) = (range.start(), range.end());
            self.wrong_because(name, Code::OutOfRange, format!("The value must be between {least} and {most}."));
        }
        value
    }

    /// An integer of any size.
    fn digits(&mut self, name: &str) -> Option<String> {
        let raw = self.take(name)??;
        let text = match &raw {
            Raw::Json(json) => json.get(),
            Raw::Text(text) => text,
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            self.wrong_type(name, "an integer");
            return None;
        }
        Some(text.to_owned())
    }

    /// A required field, read like an optional one.
    pub(crate) fn need<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, &str) -> Option<T>) -> Option<T> {
        if self.given.iter().any(|(given, raw)| given == name && !raw.is_null()) {
            return read(self, name);
        }
        let _ = self.take(name);
        self.wrong(name, Code::Required);
        None
    }

    /// Whether the field was sent, even as null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// Ignores fields that cannot be validated.
    pub(crate) fn skip(&mut self, names: &[&str]) {
        self.given.retain(|(given, _)| !names.contains(&given.as_str()));
    }

    /// An optional object in the body. Its errors have a path such as `hours.monday`.
    pub(crate) fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let raw = self.take(name)??;
        self.inside(name, &raw, read)
    }

    /// An optional list of objects in the body. Its errors have a path such as `monday[0].end`.
    pub(crate) fn objects<T>(&mut self, name: &str, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let items: Option<Vec<Box<RawValue>>> = match self.take(name)?? {
            Raw::Json(json) => serde_json::from_str(json.get()).ok(),
            Raw::Text(_) => None,
        };
        let Some(items) = items else {
            self.wrong_type(name, "a list");
            return None;
        };
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            values.extend(self.inside(&format!("{name}[{index}]"), &Raw::Json(item), &read));
            if self.errors.len() >= MAX_ERRORS {
                break;
            }
        }
        Some(values)
    }

    fn inside<T>(&mut self, path: &str, raw: &Raw, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let members = match raw {
            Raw::Json(json) => serde_json::from_str::<Members>(json.get()).ok(),
            Raw::Text(_) => None,
        };
        let Some(members) = members else {
            self.wrong_type(path, "an object");
            return None;
        };
        let mut fields = Self::new(members.0);
        let value = read(&mut fields);
        fields.reject_rest();
        let below = |error: FieldError| FieldError { field: format!("{path}.{}", error.field), ..error };
        self.errors.extend(fields.errors.into_iter().map(below));
        value
    }

    /// An optional number, unparsed.
    pub(crate) fn number(&mut self, name: &str) -> Option<String> {
        match self.take(name)?? {
            Raw::Json(json) if json.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Some(json.get().to_owned())
            }
            Raw::Json(_) | Raw::Text(_) => {
                self.wrong_type(name, "a number");
                None
            }
        }
    }

    fn check<T>(&mut self, name: &str, result: Result<T, Code>) -> Option<T> {
        result.map_err(|code| self.wrong(name, code)).ok()
    }
}

/// Reads an RFC 3339 timestamp with `Z` or an offset. Other formats would be ambiguous.
pub(crate) fn instant(text: &str) -> Result<Timestamp, Code> {
    if has_rfc3339_form(text) { text.parse().map_err(|_| Code::InvalidTimestamp) } else { Err(Code::InvalidTimestamp) }
}

/// Reads a date in the form `2024-01-15`.
pub(crate) fn date(text: &str) -> Result<Date, Code> {
    let form = text.len() == 10 && text.bytes().enumerate().all(|(at, b)| matches!(at, 4 | 7) || b.is_ascii_digit());
    if form { text.parse().map_err(|_| Code::InvalidDate) } else { Err(Code::InvalidDate) }
}

fn has_rfc3339_form(text: &str) -> bool {
    let matches = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(b, f)| if f == b'0' { b.is_ascii_digit() } else { b == f })
    };
    let (Some(date_time), Some(rest)) = (text.get(..19), text.get(19..)) else { return false };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    // There are no leap seconds here.
    matches(&date_time.to_ascii_uppercase(), "0000-00-00T00:00:00")
        && !date_time.ends_with("60")
        && (rest.eq_ignore_ascii_case("Z") || matches(rest, "+00:00") || matches(rest, "-00:00"))
}

#[cfg(test)]
mod tests;
