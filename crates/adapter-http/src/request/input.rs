//! Reading requests: the body, the query and the IDs of the path.
//!
//! A body is read in two steps. The first checks that it is JSON (400 if not) and never recurses, so deep nesting is
//! harmless. The second reads each field and collects all errors, so that a form can show them at once (422).

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, USER_AGENT};
use actix_web::{FromRequest, HttpRequest, web};
use attune_application::RequestMetadata;
use attune_domain::practice::ImageFormat;
use attune_domain::user::InvalidEmailAddress;
use attune_domain::{Booking, BookingId, EmailAddress, Language, UserId, user_agent_name};
use attune_http_common::{Code, FieldError, Problem};
use attune_ports::Caller;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use url::form_urlencoded;

use crate::request::auth::{authenticate, authenticate_alongside, authenticate_for};
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
        State::of(&self.http).map(|state| state.settings.requests.metadata(&self.http)).unwrap_or_default()
    }

    /// The client's address, as far as it can be trusted.
    pub(crate) fn address(&self) -> Option<std::net::IpAddr> {
        State::of(&self.http).ok()?.settings.requests.address(&self.http)
    }

    /// The client's program in a few words.
    pub(crate) fn user_agent(&self) -> Option<String> {
        self.http.headers().get(USER_AGENT).and_then(|header| user_agent_name(header.to_str().ok()?))
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

    /// An ID in the path that is not that of a booking.
    pub(crate) fn id<T>(&self, name: &str, parse: impl FnOnce(i64) -> Option<T>) -> Result<T, Problem> {
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

    /// The request as the framework has it.
    pub(crate) fn http(&self) -> &HttpRequest {
        &self.http
    }

    pub(crate) fn segment(&self, name: &str) -> &str {
        self.http.match_info().get(name).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i64> {
        written_integer(self.segment(name)).flatten().filter(|number| *number > 0)
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
        parse(&self.json(T::OPTIONAL).await?)
    }

    /// The parameters of the query and the body.
    pub(crate) async fn query_and_body<Q: FromFields, T: FromFields>(mut self) -> Result<(Q, T), Problem> {
        let query = self.query()?;
        Ok((query, parse(&self.json_beside_query(T::OPTIONAL).await?)?))
    }

    /// The bytes of a body of type JSON. A missing optional one counts as an empty object.
    pub(crate) async fn json(&mut self, optional: bool) -> Result<web::BytesMut, Problem> {
        self.no_query()?;
        self.json_beside_query(optional).await
    }

    async fn json_beside_query(&mut self, optional: bool) -> Result<web::BytesMut, Problem> {
        let typed = self.http.headers().contains_key(CONTENT_TYPE);
        if typed || !optional {
            self.check_media_type()?;
        }
        let bytes = State::of(&self.http)?.settings.requests.read(&self.http, &mut self.payload).await?;
        match (bytes.is_empty(), typed) {
            (true, _) if optional => Ok(web::BytesMut::from("{}")),
            (false, false) => Err(Code::UnsupportedMediaType.into()),
            (true, _) | (false, true) => Ok(bytes),
        }
    }

    /// The query and the bytes of an uncompressed image, with a limit in bytes.
    pub(crate) async fn query_and_image<Q: FromFields>(self, limit: usize) -> Result<(Q, Vec<u8>), Problem> {
        let query = self.query()?;
        let is_image =
            self.media_type().is_some_and(|media| ImageFormat::ALL.iter().any(|format| format.media_type() == media));
        if !is_image {
            return Err(Code::UnsupportedMediaType.into());
        }
        Ok((query, self.raw_body(limit).await?.to_vec()))
    }

    /// The unparsed body, for signed requests.
    pub(crate) async fn raw_body(mut self, limit: usize) -> Result<web::BytesMut, Problem> {
        State::of(&self.http)?.settings.requests.read_up_to(limit, &self.http, &mut self.payload).await
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

    /// Plain JSON only. Any page on the web can send a form or a text without a preflight request, and a compressed
    /// body can be a decompression bomb.
    fn check_media_type(&self) -> Result<(), Problem> {
        let media = self.header(&CONTENT_TYPE).unwrap_or_default();
        let parameters = media.split_once(';').map_or("", |(_, parameters)| parameters);
        let utf8 = parameters.split(';').all(|p| match p.trim().to_ascii_lowercase().split_once('=') {
            Some(("charset", charset)) => charset.trim_matches('"') == "utf-8",
            Some(_) | None => true,
        });
        if utf8 && self.media_type().as_deref() == Some("application/json") {
            Ok(())
        } else {
            Err(Code::UnsupportedMediaType.into())
        }
    }

    /// The media type of an uncompressed body in small letters, without parameters.
    fn media_type(&self) -> Option<String> {
        let single = self.http.headers().get_all(CONTENT_TYPE).count() == 1;
        let plain = self.http.headers().get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        let media = self.header(&CONTENT_TYPE).filter(|_| single && plain)?;
        Some(media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }
}

pub(crate) fn parse<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    let whole: &RawValue = serde_json::from_slice(bytes).map_err(|_| Problem::from(Code::MalformedJson))?;
    let members = serde_json::from_str::<Members>(whole.get())
        .map_err(|_| Problem::field_because("", Code::WrongType, "The body must be a JSON object."))?;
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

    /// Without parsing: a string in JSON has its quotes.
    fn as_str(&self) -> &str {
        match self {
            Self::Json(json) => json.get(),
            Self::Text(text) => text,
        }
    }

    /// Parses a member of a body; parts of a query have no structure.
    fn parse<T: DeserializeOwned>(&self) -> Option<T> {
        match self {
            Self::Json(json) => serde_json::from_str(json.get()).ok(),
            Self::Text(_) => None,
        }
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
    /// Whether the body may be missing, because all of its fields may.
    const OPTIONAL: bool = false;

    /// Reads the fields. `None` if one of them is missing or invalid; the errors are in `fields`.
    fn read(fields: &mut Fields) -> Option<Self>;
}

pub(crate) struct Nothing;

impl FromFields for Nothing {
    const OPTIONAL: bool = true;

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
            Raw::Json(json) if json.get().starts_with('"') => {
                // Half of a surrogate pair is no text.
                self.check(name, serde_json::from_str(json.get()).map_err(|_| Code::InvalidCharacters))?
            }
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
        let valid = text.chars().all(fits);
        self.check(name, if valid { Ok(text) } else { Err(Code::InvalidCharacters) })
    }

    fn optional_text(&mut self, name: &str, allowed: Characters) -> Option<String> {
        let raw = self.take(name)??;
        self.read_text(name, raw, allowed)
    }

    fn required_text(&mut self, name: &str, allowed: Characters) -> Option<String> {
        match self.take(name).flatten() {
            Some(raw) => self.read_text(name, raw, allowed),
            None => self.check(name, Err(Code::Required)),
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
        self.change_text(name, Characters::Line, parse)
    }

    /// The same for a text of several lines.
    pub(crate) fn change_lines<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<Option<T>, Code>,
    ) -> Option<Option<T>> {
        self.change_text(name, Characters::Lines, parse)
    }

    fn change_text<T>(
        &mut self,
        name: &str,
        allowed: Characters,
        parse: impl FnOnce(&str) -> Result<Option<T>, Code>,
    ) -> Option<Option<T>> {
        let Some(raw) = self.take(name)? else { return Some(None) };
        let text = self.read_text(name, raw, allowed)?;
        self.check(name, parse(&text))
    }

    /// An optional choice between some words.
    pub(crate) fn choice<T: Clone>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        self.optional(name, |text| word(text, words).map(Some))
    }

    pub(crate) fn optional_lines(&mut self, name: &str) -> Option<String> {
        self.optional_text(name, Characters::Lines)
    }

    /// A required email address.
    pub(crate) fn email(&mut self, name: &str) -> Option<EmailAddress> {
        let text = self.required_text(name, Characters::Line)?;
        match EmailAddress::parse(&text) {
            Ok(email) => return Some(email),
            Err(InvalidEmailAddress::Malformed) => self.wrong(name, Code::InvalidEmail),
            Err(InvalidEmailAddress::LocalPart) => {
                self.wrong_because(name, Code::InvalidEmail, "Before the @, only ASCII characters are supported.");
            }
        }
        None
    }

    pub(crate) fn password(&mut self, name: &str) -> Option<attune_ports::Password> {
        self.required_text(name, Characters::Any).map(attune_ports::Password::new)
    }

    /// A password of an account that may have none.
    pub(crate) fn optional_password(&mut self, name: &str) -> Option<attune_ports::Password> {
        if self.given.iter().any(|(given, raw)| given == name && !raw.is_null()) {
            return self.password(name);
        }
        let _ = self.take(name);
        None
    }

    /// The required start of an appointment: a whole second.
    pub(crate) fn start(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.required_text(name, Characters::Line)?;
        let start = self.check(name, instant(&text))?;
        if fraction(&text).contains(|digit| digit != '0') {
            self.wrong_because(name, Code::InvalidTimestamp, "An appointment starts at a whole second.");
            return None;
        }
        Some(start)
    }

    pub(crate) fn optional_instant(&mut self, name: &str) -> Option<Timestamp> {
        self.optional(name, |text| instant(text).map(Some))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)??.as_str() {
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
        let value = self.integer(name)?.and_then(parse);
        self.check(name, value.ok_or(Code::OutOfRange))
    }

    /// An optional integer; the error message contains the range.
    pub(crate) fn whole_within<T: TryFrom<i64>>(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<T> {
        let number = self.integer(name)?.filter(|number| range.contains(number));
        let value = number.and_then(|number| T::try_from(number).ok());
        if value.is_none() {
            let (least, most) = (range.start(), range.end());
            self.wrong_because(name, Code::OutOfRange, format!("The value must be between {least} and {most}."));
        }
        value
    }

    /// An integer of any size. The inner `None` is one that is too large.
    fn integer(&mut self, name: &str) -> Option<Option<i64>> {
        let integer = match self.take(name)?? {
            Raw::Text(text) => written_integer(&text),
            Raw::Json(json) => json_integer(json.get()),
        };
        if integer.is_none() {
            self.wrong_type(name, "an integer");
        }
        integer
    }

    /// A required field, read like an optional one.
    pub(crate) fn need<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, &str) -> Option<T>) -> Option<T> {
        if self.given.iter().any(|(given, raw)| given == name && !raw.is_null()) {
            return read(self, name);
        }
        let _ = self.take(name);
        self.check(name, Err(Code::Required))
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

    /// Texts by language, in the object `translations`. An unknown language counts as an unknown field, and one without
    /// texts as none.
    pub(crate) fn translations<T: Default + PartialEq>(
        &mut self,
        read: impl Fn(&mut Self) -> T,
    ) -> BTreeMap<Language, T> {
        let all = |fields: &mut Self| {
            let texts = Language::ALL.into_iter().filter_map(|language| {
                let texts = fields.object(language.as_str(), |fields| Some(read(fields)))?;
                (texts != T::default()).then_some((language, texts))
            });
            Some(texts.collect())
        };
        self.object("translations", all).unwrap_or_default()
    }

    /// An optional list of objects in the body. Its errors have a path such as `monday[0].end`.
    pub(crate) fn objects<T>(&mut self, name: &str, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let Some(items) = self.take(name)??.parse::<Vec<Box<RawValue>>>() else {
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
        let Some(members) = raw.parse::<Members>() else {
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

/// Finds the meaning of a word.
pub(crate) fn word<T: Clone>(text: &str, words: &[(&str, T)]) -> Result<T, Code> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, meaning)| meaning.clone()).ok_or(Code::InvalidValue)
}

/// Reads an RFC 3339 timestamp (section 5.6). Other formats would be ambiguous.
///
/// `t` and `z` may be small, and `-00:00` is UTC. The optional space instead of `T` is not supported, and neither are leap
/// seconds, which clocks here do not count. The last hours of the year 9999 cannot be represented; they become the latest
/// instant that can.
pub(crate) fn instant(text: &str) -> Result<Timestamp, Code> {
    rfc3339(text).ok_or(Code::InvalidTimestamp)
}

fn rfc3339(text: &str) -> Option<Timestamp> {
    let (date_time, rest) = (text.get(..19)?.to_ascii_uppercase(), text.get(19..)?);
    if !has_form(&date_time, "0000-00-00T00:00:00") || date_time.ends_with("60") {
        return None;
    }
    let fraction = fraction(text);
    let zone = match rest.strip_prefix('.') {
        // A point is followed by at least one digit.
        Some(_) if fraction.is_empty() => return None,
        Some(rest) => &rest[fraction.len()..],
        None => rest,
    };
    // RFC 3339 allows any number of digits; the ninth is a nanosecond.
    let local: DateTime = format!("{date_time}.{fraction:0<9.9}").parse().ok()?;
    let offset = Offset::from_seconds(offset_seconds(zone)?).ok()?;
    Some(offset.to_timestamp(local).unwrap_or(LATEST))
}

/// The digits after the point of a timestamp.
fn fraction(text: &str) -> &str {
    let rest = text.get(19..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]
}

/// `Z`, or an offset of less than a day.
fn offset_seconds(zone: &str) -> Option<i32> {
    if zone.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let sign = if has_form(zone, "+00:00") { 1 } else { -1 };
    if sign < 0 && !has_form(zone, "-00:00") {
        return None;
    }
    let (hours, minutes): (i32, i32) = (zone[1..3].parse().ok()?, zone[4..].parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// The last whole second that can be represented.
const LATEST: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// Reads an integer outside of JSON, where it has one spelling: no plus sign and no leading zeros. The inner `None` is one that
/// is too large.
fn written_integer(text: &str) -> Option<Option<i64>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = text == "0" || digits.starts_with(|c: char| matches!(c, '1'..='9'));
    (canonical && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())
}

/// Reads a JSON number without a fraction, however it is written: `196`, `196.0` and `1.96e2` are the same integer (JSON
/// Schema, draft 2020-12, section 4.2.3). The inner `None` is one that is too large.
fn json_integer(json: &str) -> Option<Option<i64>> {
    if !json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    let (mantissa, exponent) = json.split_once(['e', 'E']).unwrap_or((json, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(Some(0));
    }
    // Beyond what an integer of 128 bits holds, only the sign of the exponent matters.
    let exponent = exponent.parse::<i128>().unwrap_or(if exponent.starts_with('-') { i128::MIN } else { i128::MAX });
    let zeros = i128::try_from(digits.len() - significant.len()).ok()?;
    let zeros = exponent.saturating_add(zeros).saturating_sub(i128::try_from(fraction.len()).ok()?);
    if zeros < 0 {
        return None;
    }
    let zeros = usize::try_from(zeros).ok().filter(|zeros| *zeros < 20);
    Some(zeros.and_then(|zeros| format!("{sign}{significant}{}", "0".repeat(zeros)).parse().ok()))
}

/// Reads a date in the form `2024-01-15`.
pub(crate) fn date(text: &str) -> Result<Date, Code> {
    text.parse().ok().filter(|_| has_form(text, "0000-00-00")).ok_or(Code::InvalidDate)
}

/// Whether a text is the same as the form, with any digits in place of the zeros.
pub(crate) fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(b, f)| if f == b'0' { b.is_ascii_digit() } else { b == f })
}

#[cfg(test)]
mod tests;
