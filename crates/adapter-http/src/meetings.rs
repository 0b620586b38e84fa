//! Personal links into the video room.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::EmailAddress;
use serde::Serialize;
use utoipa::ToSchema;

use crate::input::{Fields, FromFields, Request};
use crate::middleware::in_current_request;
use crate::output::{self, Instant};
use crate::problem::{Code, Problem};
use crate::state::State;

/// The caller's own link. These fields, in this order, are what existing front ends read.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeetingLink {
    /// Which booking.
    #[schema(example = 42)]
    booking_id: i64,
    /// The address to open. It carries the caller's name and must not be passed on. Where the video server checks tokens,
    /// it carries one as `jwt`, which lets this person into this room from a minute before `joinable_from` until
    /// `expires_at` and says whether they moderate. It cannot be taken back, so ask for it when somebody wants to join.
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
    /// From when on the room can be joined; before that the video server turns everybody away. Only where the video server enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-01-15T09:45:00Z")]
    joinable_from: Option<Instant>,
    /// From when on the link opens nothing any more. Only where the video server enforces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2024-01-15T11:20:00Z")]
    expires_at: Option<Instant>,
}

/// Your link into a session
///
/// For the client whose booking it is, and for admins. It is made at this moment, with the name and the role that the
/// caller has now. It is there as soon as the session is agreed, and until a while after its end
/// (`meeting_link_unavailable` from then on).
///
/// Where the video server checks tokens, the link is signed, and the answer says from when until when it works.
/// External the two fields are missing, and whoever knows the room's address can enter.
#[utoipa::path(
    get, path = "/api/meetings/{id}/link", operation_id = "meetingLink", tag = "Meetings", security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "The booking's id", example = 42)),
    responses((status = 200, description = "The link", body = MeetingLink))
)]
pub(crate) async fn link(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let (caller, booking) = request.caller_and_booking().await?;
    request.no_query()?;
    let view = state.api.links.into_booking(&caller.user, booking)?;
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

/// Whose links are lost.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.org"}))]
pub(crate) struct RecoveryRequest {
    /// The address that the lost mail went to.
    #[schema(value_type = String, format = Email, max_length = 254)]
    email: EmailAddress,
}

impl FromFields for RecoveryRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", |text| EmailAddress::parse(text).map_err(|_| Code::InvalidEmail))?;
        Some(Self { email })
    }
}

/// What is told about a request for lost links: that it came.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryAccepted {
    /// Always `accepted`.
    #[schema(example = "accepted")]
    status: &'static str,
}

/// Mail lost links again
///
/// If the address is known and has sessions ahead, the links of the next three of them are mailed to it, at most once an
/// hour. The answer is the same for every address, and comes before anybody has looked.
#[utoipa::path(
    post, path = "/api/meetings/recover", operation_id = "recoverLinks", tag = "Meetings",
    request_body = RecoveryRequest,
    responses((status = 202, description = "Accepted, whether or not there is a link to mail", body = RecoveryAccepted))
)]
pub(crate) async fn recover(state: Data<State>, request: Request) -> Result<HttpResponse, Problem> {
    let address = request.address();
    let wanted: RecoveryRequest = request.body().await?;
    state.limiter.recovery(address)?;
    state.api.queries.ping().await?;
    // A known address takes longer than an unknown one, so the answer does not wait for the work.
    let work = async move {
        let looked = state.api.recover_links.run(&wanted.email);
        match tokio::time::timeout(state.settings.request_timeout, looked).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                let code = Problem::from(error).code.as_str();
                tracing::error!(code, "lost links were not mailed again");
            }
            Err(_) => tracing::error!("looking for lost links took too long and was given up"),
        }
    };
    actix_web::rt::spawn(in_current_request(work));
    Ok(HttpResponse::Accepted().json(RecoveryAccepted { status: "accepted" }))
}
