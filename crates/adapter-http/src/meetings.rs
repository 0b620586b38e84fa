//! Personal links into the video room.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Signed;
use crate::input::Request;
use crate::output::{self, Instant};
use crate::problem::Problem;
use crate::state::State;

/// The caller's own link. These fields, in this order, are what existing front ends read.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeetingLink {
    /// Which booking.
    #[schema(example = 42)]
    booking_id: i64,
    /// The address to open. It carries the caller's name and must not be passed on.
    #[schema(
        example = "https://meet.example.org/booking-42-1705312800-0123456789abcdef0123456789abcdef#userInfo.displayName=%22Ada%20Lovelace%22"
    )]
    meeting_url: String,
    /// The name that it carries.
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    /// Whether it is a therapist's link.
    #[schema(example = false)]
    is_admin: bool,
    /// When the session begins.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Length in minutes.
    #[schema(example = 50)]
    duration: u32,
    /// As in the booking.
    #[schema(schema_with = output::booking_status)]
    status: &'static str,
}

/// Your link into a session
///
/// For the client whose booking it is, and for admins. It is made at this moment, with the name and the role that the
/// caller has now.
#[utoipa::path(
    get, path = "/api/meetings/{id}/link", operation_id = "meetingLink", tag = "Meetings", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    responses((status = 200, description = "The link", body = MeetingLink))
)]
pub(crate) async fn link(
    state: Data<State>,
    Signed(caller): Signed,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    request.no_query()?;
    let view = state.api.links.get(&caller.user, id).await?;
    Ok(HttpResponse::Ok().json(MeetingLink {
        booking_id: id.get(),
        meeting_url: view.link.url,
        display_name: view.link.display_name,
        is_admin: view.link.is_admin,
        scheduled_at: Instant(view.booking.scheduled_at),
        duration: view.booking.minutes,
        status: view.booking.status.as_str(),
    }))
}
