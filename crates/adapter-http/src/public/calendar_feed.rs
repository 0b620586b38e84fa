//! The calendar feed of an account, for programs that have its URL.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use actix_web::web::{Bytes, Data};
use attune_http_common::{CALENDAR_TYPE, Code, Document, HandlerResult, calendar_feed};

use crate::state::State;

/// The path of a feed, which is a secret.
pub(crate) const PATH: &str = "/calendar/{token}/appointments.ics";

/// No shared cache has it, and a program asks each time whether the URL still leads to it.
const CACHING: &str = "private, no-cache";

/// Read a calendar feed
///
/// The confirmed appointments of an account, from 90 days ago on, as one iCalendar object: those that it booked, and for a
/// therapist those in the therapist's calendar. There are no names in it, no notes, no prices and no meeting links; the `URL`
/// of an event leads to its page, which needs a login. UIDs are those of emails and calendar files. The URL is the
/// authorization: it is shown by `GET /api/me/calendar-feed` and works until the feed is turned off. Send `If-None-Match` to be
/// told with 304 that nothing has changed.
#[utoipa::path(
    get, path = PATH, operation_id = "readCalendarFeed", tag = "Bookings",
    params(("token" = String, Path, description = "Feed token", example = "AQAAAAAAAAAHV8JXxQ0pGmU3fZQ1yw0sWA")),
    responses(
        (status = 200, description = "The iCalendar object", content_type = "text/calendar", body = String,
            headers(("ETag" = String, description = "Changes with the content"))),
        (status = 304, description = "Nothing has changed")
    )
)]
pub(crate) async fn read(state: Data<State>, http: HttpRequest) -> HandlerResult {
    let cases = &state.api.use_cases;
    let token = http.match_info().get("token").unwrap_or_default();
    let user = cases.read_calendar_feed.user(token).await?.ok_or(Code::LinkNotFound)?;
    state.limiter.request(user.id)?;
    let entries = cases.read_calendar_feed.entries(&user).await?;
    let practice = cases.practice.load().await?;
    let installation = state.api.queries.installation().await?;
    let phrases = state.api.wording.phrases_with(user.language.unwrap_or_default(), practice.german_formality);
    let calendar = calendar_feed(&entries, phrases, &installation, practice.name.as_str());
    let document = Document::new(HeaderValue::from_static(CALENDAR_TYPE), Bytes::from(calendar));
    Ok(document.respond(&http, CACHING))
}
