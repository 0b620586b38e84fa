//! The calendar feed of the caller: whether it is turned on, and its URL.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::CalendarFeedUrl;
use attune_http_common::HandlerResult;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::auth::Signed;
use crate::request::input::{Nothing, Request};
use crate::response::output::Instant;
use crate::state::State;

/// The calendar feed of an account. Both fields are null while it is turned off.
#[derive(Serialize, ToSchema)]
#[schema(as = CalendarFeed)]
pub(crate) struct CalendarFeedBody {
    /// URL that a calendar program subscribes to. It alone opens the feed, without a login.
    #[schema(
        required = true,
        example = "https://booking.example.org/calendar/AQAAAAAAAAAHV8JXxQ0pGmU3fZQ1yw0sWA/appointments.ics"
    )]
    url: Option<String>,
    /// Since when it is the feed's URL.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    created_at: Option<Instant>,
}

impl From<Option<CalendarFeedUrl>> for CalendarFeedBody {
    fn from(feed: Option<CalendarFeedUrl>) -> Self {
        let (url, created_at) = feed.map(|feed| (feed.url, Instant(feed.created_at))).unzip();
        Self { url, created_at }
    }
}

/// Get the calendar feed
#[utoipa::path(
    get, path = "/api/me/calendar-feed", operation_id = "getCalendarFeed", tag = "Accounts", security(("bearer" = [])),
    responses((status = 200, description = "The calendar feed", body = CalendarFeedBody))
)]
pub(crate) async fn show(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    request.no_query()?;
    let feed = state.api.use_cases.calendar_feed.show(caller.user.id).await?;
    Ok(HttpResponse::Ok().json(CalendarFeedBody::from(feed)))
}

/// Turn on the calendar feed
///
/// A feed that is turned on keeps its URL. For another URL, turn it off and on again.
#[utoipa::path(
    put, path = "/api/me/calendar-feed", operation_id = "turnOnCalendarFeed", tag = "Accounts",
    security(("bearer" = [])),
    responses((status = 200, description = "The calendar feed", body = CalendarFeedBody))
)]
pub(crate) async fn turn_on(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    let feed = state.api.use_cases.calendar_feed.turn_on(caller.user.id, &metadata).await?;
    Ok(HttpResponse::Ok().json(CalendarFeedBody::from(Some(feed))))
}

/// Turn off the calendar feed
///
/// Its URL is unknown from then on, also when the feed is turned on again.
#[utoipa::path(
    delete, path = "/api/me/calendar-feed", operation_id = "turnOffCalendarFeed", tag = "Accounts",
    security(("bearer" = [])),
    responses((status = 204, description = "Turned off"))
)]
pub(crate) async fn turn_off(state: Data<State>, Signed(caller): Signed, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    state.api.use_cases.calendar_feed.turn_off(caller.user.id, &metadata).await?;
    Ok(HttpResponse::NoContent().finish())
}
