//! Pages of lists, and the cursor of the next page.

use actix_web::http::header::{self, HeaderName};
use attune_domain::BookingId;
use attune_http_common::Code;
use attune_ports::{BookingCursor, BookingPageRequest, PageRequest, PageStart};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use url::form_urlencoded::{self, Serializer};
use utoipa::IntoParams;

use crate::request::input::{Fields, Request};

/// The parameters of a page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Maximum number of results.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Number of results to skip.
    #[param(minimum = 0, default = 0)]
    offset: Option<u64>,
}

/// Reads [`PageQuery`].
pub(crate) fn page(fields: &mut Fields) -> PageRequest {
    let limit = fields.whole("limit", |n| u32::try_from(n).ok().filter(|n| (1..=200).contains(n)));
    let offset = fields.whole("offset", |n| u64::try_from(n).ok());
    let query = PageQuery { limit, offset };
    PageRequest { limit: query.limit.unwrap_or(50), offset: query.offset.unwrap_or(0) }
}

/// The parameter of a page of bookings, besides [`PageQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CursorQuery {
    /// Cursor from the `Link` header of another page, instead of `offset`. Equally fast at any depth.
    #[param(value_type = Option<String>, example = "AAABjQyQTQAAAAAAAAAAKg")]
    after: Option<BookingCursor>,
}

/// Reads [`PageQuery`] and [`CursorQuery`].
pub(crate) fn booking_page(fields: &mut Fields) -> BookingPageRequest {
    let both = fields.has("after") && fields.has("offset");
    let page = page(fields);
    let after = fields.optional("after", |text| parse_cursor(text).map(Some).ok_or(Code::InvalidValue));
    let query = CursorQuery { after };
    if both {
        let why = "`after` and `offset` cannot be combined.";
        fields.wrong_because("after", Code::InvalidValue, why);
    }
    query.after.map_or(page.into(), |cursor| BookingPageRequest { limit: page.limit, start: PageStart::After(cursor) })
}

/// The number of skipped rows, for the response.
pub(crate) fn offset(page: BookingPageRequest) -> u64 {
    match page.start {
        PageStart::Offset(offset) => offset,
        PageStart::After(_) => 0,
    }
}

/// Eight bytes for the time, in milliseconds since 1970, and eight for the ID of the booking.
fn cursor(position: BookingCursor) -> String {
    let mut bytes = [0; 16];
    let (time, id) = bytes.split_at_mut(8);
    time.copy_from_slice(&position.scheduled_at.as_millisecond().to_be_bytes());
    id.copy_from_slice(&position.id.get().to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn parse_cursor(text: &str) -> Option<BookingCursor> {
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (time, id) = bytes.split_first_chunk::<8>()?;
    let scheduled_at = Timestamp::from_millisecond(i64::from_be_bytes(*time)).ok()?;
    let id = BookingId::new(i64::from_be_bytes(id.try_into().ok()?))?;
    Some(BookingCursor { scheduled_at, id })
}

/// The header with the URL of the next page (RFC 8288): the same path and parameters, except for the start.
pub(crate) fn next_link(request: &Request, path: &str, next: BookingCursor) -> (HeaderName, String) {
    let mut query = Serializer::new(String::new());
    let given = form_urlencoded::parse(request.raw_query().as_bytes());
    query.extend_pairs(given.filter(|(name, _)| !matches!(&**name, "after" | "offset")));
    query.append_pair("after", &cursor(next));
    (header::LINK, format!("<{path}?{}>; rel=\"next\"", query.finish()))
}

#[cfg(test)]
mod tests;
