//! Parts of lists: how one is asked for, and how the answer tells where the next one begins.

use actix_web::http::header::{self, HeaderName};
use attune_domain::BookingId;
use attune_ports::{BookingCursor, BookingPageRequest, PageRequest, PageStart};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use url::form_urlencoded::{self, Serializer};

use crate::request::input::{Fields, Request};
use crate::response::problem::Code;

/// Which part of a list is wanted: at most 200 rows, 50 unless told otherwise.
pub(crate) fn page(fields: &mut Fields) -> PageRequest {
    let limit = fields.whole("limit", |n| u32::try_from(n).ok().filter(|n| (1..=200).contains(n)));
    // Stores count rows in signed 64 bits; nothing is ever that far.
    let offset = fields.whole("offset", |n| u64::try_from(n).ok());
    PageRequest { limit: limit.unwrap_or(50), offset: offset.unwrap_or(0) }
}

/// Which part of a list of bookings is wanted: the same, or what follows behind a place.
pub(crate) fn booking_page(fields: &mut Fields) -> BookingPageRequest {
    let both = fields.has("after") && fields.has("offset");
    let page = page(fields);
    let after = fields.optional("after", |text| parse_cursor(text).map(Some).ok_or(Code::InvalidValue));
    if both {
        let why = "A page begins behind a place, `after`, or after a number of rows, `offset`, not both.";
        fields.wrong_because("after", Code::InvalidValue, why);
    }
    after.map_or(page.into(), |place| BookingPageRequest { limit: page.limit, start: PageStart::After(place) })
}

/// How many rows were skipped, as answers tell it.
pub(crate) fn offset(page: BookingPageRequest) -> u64 {
    match page.start {
        PageStart::Offset(offset) => offset,
        PageStart::After(_) => 0,
    }
}

/// A place as clients carry it: eight bytes for when, in milliseconds since 1970, and eight for which booking.
fn cursor(place: BookingCursor) -> String {
    let mut bytes = [0; 16];
    let (when, which) = bytes.split_at_mut(8);
    when.copy_from_slice(&place.scheduled_at.as_millisecond().to_be_bytes());
    which.copy_from_slice(&place.id.get().to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn parse_cursor(text: &str) -> Option<BookingCursor> {
    let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (when, which) = bytes.split_first_chunk::<8>()?;
    let scheduled_at = Timestamp::from_millisecond(i64::from_be_bytes(*when)).ok()?;
    let id = BookingId::new(i64::from_be_bytes(which.try_into().ok()?))?;
    Some(BookingCursor { scheduled_at, id })
}

/// The header that leads to the next part of a list, RFC 8288: the same address and parameters, but for where it begins.
pub(crate) fn next_link(request: &Request, path: &str, next: BookingCursor) -> (HeaderName, String) {
    let mut query = Serializer::new(String::new());
    let given = form_urlencoded::parse(request.raw_query().as_bytes());
    query.extend_pairs(given.filter(|(name, _)| !matches!(&**name, "after" | "offset")));
    query.append_pair("after", &cursor(next));
    (header::LINK, format!("<{path}?{}>; rel=\"next\"", query.finish()))
}

#[cfg(test)]
mod tests;
