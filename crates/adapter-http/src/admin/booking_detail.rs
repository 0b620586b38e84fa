//! A booking with all its details, for admins.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use attune_application::{Idempotent, IdempotentRequest};
use attune_domain::notification::Notification;
use attune_domain::{Booking, BookingId, NotificationId, PersonalLink, SeriesId, User, ViewerId};
use attune_http_common::{Problem, schema};
use attune_ports::BookingView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::attendance::AttendanceBody;
use crate::admin::history::{HistoryBody, history_of, people_in};
use crate::admin::participants::ParticipantBody;
use crate::admin::payment_records::{AdminPaymentBody, AdminRefundBody, LedgerBody};
use crate::client::bookings::{BookingDetails, room_of};
use crate::request::idempotency::idempotent_response;
use crate::response::output::{self, Amount, Instant, json};
use crate::state::State;

/// A booking in an admin's list. Existing clients rely on these fields and their order; `user` and `therapist` are present
/// only if they were requested.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminBooking)]
pub(crate) struct AdminBookingBody {
    /// Booking ID.
    #[schema(example = 42)]
    id: i64,
    /// ID of the client.
    #[schema(example = 7)]
    user_id: i64,
    /// When the appointment starts.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    scheduled_at: Instant,
    /// Duration in minutes.
    #[schema(example = 50)]
    duration: u32,
    #[schema(schema_with = schema::booking_status)]
    status: &'static str,
    /// The video room. Null until the booking is confirmed, and after it was cancelled.
    #[schema(required = true, example = "booking-42-1705312800-0123456789abcdef0123456789abcdef")]
    jitsi_room_id: Option<String>,
    /// URL of the room, without a name. Null if there is no room.
    #[schema(
        required = true,
        example = "https://meet.example.org/booking-42-1705312800-0123456789abcdef0123456789abcdef"
    )]
    jitsi_room_url: Option<String>,
    /// The admin's own meeting link. Null if there is no room, and once the appointment is over. If the video server
    /// verifies tokens, it is the join page `/j/…` instead, which leads to the room while it is open.
    #[schema(
        required = true,
        example = "https://meet.example.org/booking-42-1705312800-0123456789abcdef0123456789abcdef#userInfo.displayName=%22Carl%20Rogers%22&config.startWithAudioMuted=false&config.startWithVideoMuted=false"
    )]
    admin_meeting_url: Option<String>,
    /// Price of the appointment.
    #[schema(value_type = f64, minimum = 0, example = 100.0)]
    amount: Amount,
    #[schema(schema_with = schema::payment_status)]
    payment_status: &'static str,
    /// ID of the series that the booking was created in; absent if it was created on its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, example = 42)]
    series_id: Option<i64>,
    /// The client, with `?expand=user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<PersonBody>,
    /// The therapist, with `?expand=therapist`.
    #[serde(skip_serializing_if = "Option::is_none")]
    therapist: Option<PersonBody>,
}

impl AdminBookingBody {
    /// With the client and the therapist, each if it was requested.
    pub(crate) fn new(
        booking: &Booking,
        link: Option<PersonalLink>,
        (user, therapist): (Option<&User>, Option<&User>),
    ) -> Self {
        let room = room_of(booking);
        Self {
            id: booking.id().get(),
            user_id: booking.client().get(),
            scheduled_at: Instant(booking.scheduled_at()),
            duration: booking.minutes(),
            status: booking.status().as_str(),
            jitsi_room_id: room.map(|r| r.id().to_owned()),
            jitsi_room_url: room.map(|r| r.url().to_owned()),
            admin_meeting_url: link.map(|l| l.url),
            amount: Amount(booking.price()),
            payment_status: booking.payment_status().as_str(),
            series_id: booking.series().map(SeriesId::get),
            user: user.map(PersonBody::from),
            therapist: therapist.map(PersonBody::from),
        }
    }
}

/// The client or the therapist of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = BookingUser)]
pub(crate) struct PersonBody {
    /// User ID.
    #[schema(example = 7)]
    id: i64,
    /// Given name.
    #[schema(required = true, example = "Ada")]
    first_name: Option<String>,
    /// Family name.
    #[schema(required = true, example = "Lovelace")]
    last_name: Option<String>,
    /// Email address.
    #[schema(example = "ada@example.org")]
    email: String,
}

impl From<&User> for PersonBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.get(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            email: user.email.as_str().to_owned(),
        }
    }
}

/// A booking with all its details.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminBookingDetail {
    #[serde(flatten)]
    booking: AdminBookingBody,
    #[serde(flatten)]
    more: BookingDetails,
    /// Emails about the booking.
    notifications: Vec<NotificationBody>,
    /// History of the booking, oldest first.
    history: Vec<HistoryBody>,
    /// Invited participants, including revoked invitations.
    participants: Vec<ParticipantBody>,
    /// Who was in the room, in the order of joining. Empty unless the video server reports it.
    attendance: Vec<AttendanceBody>,
    /// Payment attempts, newest first.
    payments: Vec<AdminPaymentBody>,
    /// Refunds, oldest first.
    refunds: Vec<AdminRefundBody>,
    /// Payment ledger, oldest first. Entries are added, never changed.
    ledger: Vec<LedgerBody>,
}

/// An email about a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationBody {
    /// Notification ID.
    #[schema(example = 3)]
    id: i64,
    /// `meeting_info` when the booking is confirmed, `reminder` before the appointment, `invitation` for an invited
    /// participant, `rescheduled`, `cancelled`, `meeting_link` for a join link that was requested again or replaced,
    /// `receipt`, `payment_problem` or `refund`. While the slot is held: `payment_instructions` if the practice collects
    /// payments itself, `payment_request` and `payment_reminder` if the client is asked to pay online; `hold_expired` if
    /// nothing was paid.
    #[schema(example = "reminder")]
    kind: &'static str,
    /// Invitation ID of the recipient; null if the recipient has an account.
    #[schema(required = true, example = json!(null))]
    participant_id: Option<i64>,
    /// Minutes before the appointment at which a reminder is sent; 0 for every other kind.
    #[schema(example = 60)]
    minutes_before: u32,
    #[schema(schema_with = output::notification_state)]
    state: &'static str,
    /// Number of attempts to send it.
    #[schema(example = 0)]
    attempts: u32,
    /// When it is due, for the first time or again.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    send_after: Instant,
    /// When it was sent.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-15T10:00:00Z")]
    sent_at: Option<Instant>,
    /// Last error.
    #[schema(required = true, example = json!(null))]
    last_error: Option<String>,
    /// ID of the email that this one is sent together with, as one email about several bookings of a series; null for that
    /// one itself, and for an email about one booking.
    #[schema(required = true, example = json!(null))]
    sent_with: Option<i64>,
}

impl From<&Notification> for NotificationBody {
    fn from(notification: &Notification) -> Self {
        Self {
            id: notification.id.get(),
            kind: notification.content.kind.as_str(),
            participant_id: match notification.content.recipient {
                ViewerId::Participant(id) => Some(id.get()),
                ViewerId::Account(_) => None,
            },
            minutes_before: notification.content.kind.offset_minutes(),
            state: notification.state.as_str(),
            attempts: notification.attempts,
            send_after: Instant(notification.next_at),
            sent_at: notification.sent_at.map(Instant),
            last_error: notification.last_error.clone(),
            sent_with: notification.lead.map(NotificationId::get),
        }
    }
}

/// The response to a change of a booking.
pub(crate) async fn respond_changed(
    state: &State,
    admin: &User,
    idempotency: Option<&IdempotentRequest>,
    outcome: Idempotent<Booking>,
) -> Result<HttpResponse, Problem> {
    respond_changed_as(state, admin, idempotency, outcome, |_| StatusCode::OK).await
}

/// The same with a status that depends on the booking.
pub(crate) async fn respond_changed_as(
    state: &State,
    admin: &User,
    idempotency: Option<&IdempotentRequest>,
    outcome: Idempotent<Booking>,
    status: impl FnOnce(&Booking) -> StatusCode,
) -> Result<HttpResponse, Problem> {
    let recover = async |id| Ok(state.api.use_cases.view_booking.run(admin, id).await?.booking);
    let render = async |booking: Booking| Ok((status(&booking), json(&detail(state, admin, booking.id()).await?)));
    Ok(idempotent_response(state, idempotency, outcome, recover, render).await?.respond())
}

pub(crate) async fn detail(state: &State, admin: &User, id: BookingId) -> Result<AdminBookingDetail, Problem> {
    let BookingView { booking, client } = state.api.use_cases.view_booking.run(admin, id).await?;
    let queries = &state.api.queries;
    let (notifications, history, reasons, participants, attendance, payments, refunds, ledger) = tokio::try_join!(
        queries.notifications(id),
        queries.history(id),
        queries.change_reasons(id),
        queries.participants(id),
        state.api.use_cases.attendance.of(&booking),
        queries.payments(id),
        queries.refunds(id),
        queries.ledger(id),
    )?;
    let people = queries.people(&people_in(&booking, &history)).await?;
    let therapist = people.iter().find(|person| person.id == booking.therapist());
    let link = state.api.use_cases.links.link(&state.api.use_cases.links.viewer(admin), &booking);
    Ok(AdminBookingDetail {
        booking: AdminBookingBody::new(&booking, link, (Some(&client), therapist)),
        more: BookingDetails::from(&booking),
        notifications: notifications.iter().map(NotificationBody::from).collect(),
        history: history_of(&booking, &history, &reasons, &people),
        participants: participants.iter().map(ParticipantBody::from).collect(),
        attendance: attendance.iter().map(|attended| AttendanceBody::new(booking.client(), attended)).collect(),
        payments: payments.iter().map(AdminPaymentBody::from).collect(),
        refunds: refunds.iter().map(AdminRefundBody::from).collect(),
        ledger: ledger.iter().map(LedgerBody::from).collect(),
    })
}
