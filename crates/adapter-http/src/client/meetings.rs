//! Meeting links, and requests to resend join links.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::EmailAddress;
use attune_http_common::{HandlerResult, Problem, in_current_request, schema};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::input::{Fields, FromFields, Request};
use crate::response::output::Instant;
use crate::state::State;

/// The caller's own meeting link. Existing clients rely on these fields and their order.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeetingLink {
    /// Booking ID.
    #[schema(example = 42)]
    booking_id: i64,
    /// URL of the meeting. It contains the caller's name and must not be shared. If the video server verifies tokens,
    /// it has one as `jwt`, which admits this user to this room from a minute before `joinable_from` until `expires_at`
    /// and says whether they are a moderator. It cannot be revoked, so request it only when the user wants to join.
    #[schema(
        example = "https://meet.example.org/booking-42-1705312800-0123456789abcdef0123456789abcdef#userInfo.displayName=%22Ada%20Lovelace%22"
    )]
    meeting_url: String,
    /// Name in the link.
    #[schema(example = "Ada Lovelace")]
    display_name: String,
    /// Whether it is an admin's link.
    #[schema(example = false)]
    is_admin: bool,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
    /// From when the room can be joined; the video server rejects earlier attempts. Only if the video server verifies
    /// tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-01-15T09:45:00Z")]
    joinable_from: Option<Instant>,
    /// When the link expires. Only if the video server verifies tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-01-15T11:20:00Z")]
    expires_at: Option<Instant>,
}

/// Retrieve a meeting link
///
/// For the client who owns the booking, and for admins. The link is generated for this request, with the caller's
/// current name and role. It is available once the booking is confirmed, until some time after the appointment ends
/// (then 404 `meeting_link_unavailable`).
///
/// If the video server verifies tokens, the link is signed, and the response says from when until when it is valid.
/// Otherwise the two fields are absent, and anyone who knows the URL of the room can enter.
#[utoipa::path(
    get, path = "/api/meetings/{id}/link", operation_id = "getMeetingLink", tag = "Meetings", security(("bearer" = [])),
    responses((status = 200, description = "The meeting link", body = MeetingLink))
)]
pub(crate) async fn link(state: Data<State>, request: Request) -> HandlerResult {
    let (caller, booking) = request.caller_and_booking().await?;
    request.no_query()?;
    let view = state.api.use_cases.links.into_booking(&caller.user, booking)?;
    Ok(HttpResponse::Ok().json(MeetingLink {
        booking_id: view.booking.id().get(),
        meeting_url: view.link.url,
        display_name: view.link.display_name,
        is_admin: view.link.is_admin,
        scheduled_at: Instant(view.booking.scheduled_at()),
        duration: view.booking.minutes(),
        status: view.booking.status().as_str(),
        joinable_from: view.validity.map(|v| Instant(v.joinable_from)),
        expires_at: view.validity.map(|v| Instant(v.expires_at)),
    }))
}

/// Request to resend join links.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org"}))]
pub(crate) struct ResendLinksRequest {
    /// Email address to which the join links were sent.
    #[schema(value_type = String, format = "idn-email", max_length = 254)]
    email: EmailAddress,
}

impl FromFields for ResendLinksRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.email("email")?;
        Some(Self { email })
    }
}

/// Confirmation that the request was received, whether or not the address is known.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResendLinksAccepted {
    /// Always `accepted`.
    #[schema(example = "accepted")]
    status: &'static str,
}

/// Resend join links
///
/// If the email address is known and has upcoming appointments, the join links of the next three are sent to it, at
/// most once an hour. The response is the same for every address, and is sent before the address is looked up.
#[utoipa::path(
    post, path = "/api/meetings/recover", operation_id = "resendJoinLinks", tag = "Meetings",
    request_body = ResendLinksRequest,
    responses(
        (status = 202, description = "Accepted, whether or not there is a link to send", body = ResendLinksAccepted)
    )
)]
pub(crate) async fn recover(state: Data<State>, request: Request) -> HandlerResult {
    let address = request.address();
    let body: ResendLinksRequest = request.body().await?;
    state.limiter.recovery(address)?;
    state.api.queries.ping().await?;
    // A known address takes longer than an unknown one, so the response does not wait for the work.
    let work = async move {
        let resend = state.api.use_cases.resend_links.run(&body.email);
        match tokio::time::timeout(state.settings.request_timeout, resend).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                let code = Problem::from(error).code.as_str();
                tracing::error!(code, "join links not resent");
            }
            Err(_) => tracing::error!("resending join links timed out"),
        }
    };
    actix_web::rt::spawn(in_current_request(work));
    Ok(HttpResponse::Accepted().json(ResendLinksAccepted { status: "accepted" }))
}
