//! Participants without an account, whom an admin invites to one appointment.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::meetings::{InviteParticipantCommand, RevokeParticipantCommand};
use attune_domain::{EmailAddress, Language, Participant, ParticipantId, ParticipantRole, PersonName, TimeZoneName};
use attune_http_common::{Code, HandlerResult};
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::me::{language, name, timezone};
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::output::{self, Instant};
use crate::state::State;

/// A participant who was invited without an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Participant)]
pub(crate) struct ParticipantBody {
    /// Invitation ID. A person who is invited to two appointments is two participants.
    #[schema(example = 3)]
    id: i64,
    /// Email address.
    #[schema(format = Email, example = "mary@example.org")]
    email: String,
    /// Name in the room.
    #[schema(example = "Mary Somerville")]
    display_name: String,
    #[schema(schema_with = output::participant_role)]
    role: &'static str,
    /// Time zone of the times in emails; the practice's time zone if null.
    #[schema(required = true, example = "Europe/London")]
    timezone: Option<String>,
    #[schema(required = true, schema_with = output::participant_language)]
    language: Option<&'static str>,
    /// When the participant was invited.
    #[schema(value_type = String, format = DateTime, example = "2024-01-12T10:00:00Z")]
    invited_at: Instant,
    /// When the invitation was revoked; null while it is active.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = json!(null))]
    revoked_at: Option<Instant>,
}

impl From<&Participant> for ParticipantBody {
    fn from(invited: &Participant) -> Self {
        Self {
            id: invited.id.get(),
            email: invited.email.as_str().to_owned(),
            display_name: invited.display_name.as_str().to_owned(),
            role: invited.role.as_str(),
            timezone: invited.time_zone.as_ref().map(|z| z.as_str().to_owned()),
            language: invited.language.map(Language::as_str),
            invited_at: Instant(invited.invited_at),
            revoked_at: invited.revoked_at.map(Instant),
        }
    }
}

/// A participant to invite.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "mary@example.org", "display_name": "Mary Somerville", "role": "observer", "timezone": "Europe/London",
    "language": "en",
}))]
pub(crate) struct Invitation {
    /// Email address of the participant.
    #[schema(value_type = String, format = "idn-email", max_length = 254)]
    email: EmailAddress,
    /// Name in the room, at most 100 characters.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    display_name: PersonName,
    #[schema(schema_with = output::participant_role)]
    role: ParticipantRole,
    /// IANA time zone of the times in emails; defaults to the practice's time zone.
    #[schema(value_type = Option<String>)]
    timezone: Option<TimeZoneName>,
    #[schema(schema_with = output::participant_language)]
    language: Option<Language>,
}

impl FromFields for Invitation {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.email("email");
        let display_name = fields.required("display_name", |text| name(text)?.ok_or(Code::Required));
        let role = fields.required("role", |text| ParticipantRole::parse(text).ok_or(Code::InvalidValue));
        let timezone = fields.optional("timezone", timezone);
        let language = fields.optional("language", language);
        Some(Self { email: email?, display_name: display_name?, role: role?, timezone, language })
    }
}

/// Invite a participant
///
/// By email and without an account: for example a partner, a presenter or a supervisor. The email has a join link of
/// their own, and reminders follow as for the client. A booking has at most ten active invitations.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/participants", operation_id = "inviteParticipant",
    request_body = Invitation,
    responses((status = 201, description = "The invitation", body = ParticipantBody))
)]
pub(crate) async fn invite(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let booking = request.booking_id()?;
    let metadata = request.metadata();
    let Invitation { email, display_name, role, timezone: time_zone, language } = request.body().await?;
    let admin = caller.user.id;
    let command = InviteParticipantCommand { admin, booking, email, display_name, role, time_zone, language, metadata };
    let invited = state.api.use_cases.participants.invite(command).await?;
    Ok(HttpResponse::Created().json(ParticipantBody::from(&invited)))
}

/// Revoke an invitation
///
/// The join link of the invitation stops working. Repeated requests have no further effect. The same person can be
/// invited again.
#[utoipa::path(
    delete, path = "/api/admin/bookings/{id}/participants/{participant_id}", operation_id = "revokeInvitation",
    responses((status = 204, description = "Invitation revoked"))
)]
pub(crate) async fn revoke(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let booking = request.booking_id()?;
    let participant = request.id("participant_id", ParticipantId::new)?;
    request.no_query()?;
    let metadata = request.metadata();
    let command = RevokeParticipantCommand { admin: caller.user.id, booking, participant, metadata };
    state.api.use_cases.participants.revoke(command).await?;
    Ok(HttpResponse::NoContent().finish())
}
