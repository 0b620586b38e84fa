//! Everybody's bookings, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreatedBooking, PaymentChoice};
use attune_application::meetings::RevokeLinksCommand;
use attune_application::payments::RecordOfflineCommand;
use attune_application::{Idempotent, IdempotentRequest};
use attune_domain::notification::Notification;
use attune_domain::{
    AccountViewer, Booking, BookingId, BookingStatus, Money, PersonalLink, ServiceId, User, UserId, ViewerId,
};
use attune_ports::{AuditEntry, BookingFilter, BookingOrder, BookingPageRequest, BookingView, Payment};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::attendance::AttendanceBody;
use crate::admin::participants::ParticipantBody;
use crate::admin::refunds::{AdminPaymentBody, AdminRefundBody, LedgerBody};
use crate::auth::Admin;
use crate::bookings::{BookingMore, checkout_of, payment_status, room_of};
use crate::idempotency::{Answer, finish, replay, unfinished};
use crate::input::{Fields, FromFields, Nothing, Request, instant};
use crate::output::{self, Amount, Instant, json};
use crate::paging::{booking_page, next_link, offset};
use crate::problem::{Code, Problem};
use crate::state::State;

/// A booking in an admin's list. Existing clients rely on these fields and their order; `user` is present only if it
/// was requested.
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
    /// Status of the booking.
    #[schema(schema_with = output::booking_status)]
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
    /// Payment status of the booking.
    #[schema(schema_with = output::payment_status)]
    payment_status: &'static str,
    /// The client, with `?expand=user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<ClientBody>,
}

impl AdminBookingBody {
    pub(crate) fn new(booking: &Booking, link: Option<PersonalLink>, user: Option<&User>) -> Self {
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
            user: user.map(ClientBody::from),
        }
    }
}

/// The client of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = BookingUser)]
pub(crate) struct ClientBody {
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

impl From<&User> for ClientBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.get(),
            first_name: user.first_name.as_ref().map(|n| n.as_str().to_owned()),
            last_name: user.last_name.as_ref().map(|n| n.as_str().to_owned()),
            email: user.email.as_str().to_owned(),
        }
    }
}

/// A page of the list of all bookings.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminBookingList {
    bookings: Vec<AdminBookingBody>,
    /// Total number of matches.
    #[schema(example = 1)]
    total: u64,
    /// Maximum number of results on this page.
    #[schema(example = 50)]
    limit: u32,
    /// Number of results skipped.
    #[schema(example = 0)]
    offset: u64,
}

/// A booking with all its details.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminBookingDetail {
    #[serde(flatten)]
    booking: AdminBookingBody,
    #[serde(flatten)]
    more: BookingMore,
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

/// The new booking.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminPlacedBooking {
    #[serde(flatten)]
    detail: AdminBookingDetail,
    /// URL at which the client pays; null if nothing is due, or if the payment is offline.
    /// `POST /api/bookings/{id}/payment` returns it to the client, too.
    #[schema(required = true, example = json!(null))]
    checkout_url: Option<String>,
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
    /// `receipt`, `payment_problem` or `refund`.
    #[schema(example = "reminder")]
    kind: &'static str,
    /// Invitation ID of the recipient; null if the recipient has an account.
    #[schema(required = true, example = json!(null))]
    participant_id: Option<i64>,
    /// Minutes before the appointment at which a reminder is sent; 0 for every other kind.
    #[schema(example = 60)]
    minutes_before: u32,
    /// State of the email.
    #[schema(schema_with = output::notice_state)]
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
}

impl From<&Notification> for NotificationBody {
    fn from(notice: &Notification) -> Self {
        Self {
            id: notice.id.get(),
            kind: notice.content.kind.as_str(),
            participant_id: match notice.content.recipient {
                ViewerId::Participant(id) => Some(id.get()),
                ViewerId::Account(_) => None,
            },
            minutes_before: notice.content.kind.offset_minutes(),
            state: notice.state.as_str(),
            attempts: notice.attempts,
            send_after: Instant(notice.next_at),
            sent_at: notice.sent_at.map(Instant),
            last_error: notice.last_error.clone(),
        }
    }
}

/// An entry in the history of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(crate) struct HistoryBody {
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2024-01-15T10:00:00Z")]
    at: Instant,
    /// ID of the user; null for the service itself.
    #[schema(required = true, example = 7)]
    actor_id: Option<i64>,
    /// Stable name of the action.
    #[schema(example = "booking.scheduled")]
    action: String,
    /// ID of the request.
    #[schema(required = true, example = "3f2b8c0e9a4d4f6c8e1a2b3c4d5e6f70")]
    request_id: Option<String>,
}

impl From<&AuditEntry> for HistoryBody {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            at: Instant(entry.at),
            actor_id: entry.actor.map(UserId::get),
            action: entry.action.clone(),
            request_id: entry.request_id.clone(),
        }
    }
}

/// Which bookings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the documented form of `AllBookings`, which is what is read")]
pub(crate) struct AllBookingsQuery {
    /// Only with this status.
    #[param(schema_with = output::booking_status)]
    status: Option<String>,
    /// Only with this payment status.
    #[param(schema_with = output::payment_status)]
    payment_status: Option<String>,
    /// Only bookings of this client.
    #[param(minimum = 1)]
    user_id: Option<i64>,
    /// Only bookings that start at or after this time.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only bookings that start before this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Sort order: `scheduled_at` for the earliest appointment first, `-scheduled_at` for the latest.
    #[param(default = "-scheduled_at")]
    sort: Option<String>,
    /// `user` includes the client of each booking.
    #[param(example = "user")]
    expand: Option<String>,
    /// Maximum number of results.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Number of results to skip.
    #[param(minimum = 0, default = 0)]
    offset: Option<u64>,
    /// Cursor from the `Link` header of another page, instead of `offset`. Equally fast at any depth.
    #[param(example = "AAABjQyQTQAAAAAAAAAAKg")]
    after: Option<String>,
}

/// Which bookings, as read from a query.
pub(crate) struct AllBookings {
    filter: BookingFilter,
    with_user: bool,
    page: BookingPageRequest,
}

impl FromFields for AllBookings {
    fn read(fields: &mut Fields) -> Option<Self> {
        let order = fields.optional("sort", |text| match text {
            "scheduled_at" => Ok(Some(BookingOrder::Earliest)),
            "-scheduled_at" => Ok(Some(BookingOrder::Latest)),
            _ => Err(Code::InvalidValue),
        });
        let expand =
            fields.optional("expand", |text| if text == "user" { Ok(Some(())) } else { Err(Code::InvalidValue) });
        let filter = BookingFilter {
            client: fields.whole("user_id", UserId::new),
            therapist: None,
            status: fields.optional("status", |text| BookingStatus::parse(text).map(Some).ok_or(Code::InvalidValue)),
            payment_status: fields.optional("payment_status", payment_status),
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            order: order.unwrap_or_default(),
        };
        Some(Self { filter, with_user: expand.is_some(), page: booking_page(fields) })
    }
}

/// An offline payment.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 100.00, "method": "bank_transfer", "reference": "2024-0017"}))]
pub(crate) struct OfflinePayment {
    /// Amount, in the currency of the booking. Must be the price, which is the default.
    #[schema(value_type = Option<f64>, minimum = 0)]
    amount: Option<String>,
    /// Payment method: `cash`, `bank_transfer`, `card` … At most 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: String,
    /// The practice's own note, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
}

impl FromFields for OfflinePayment {
    fn read(fields: &mut Fields) -> Option<Self> {
        let amount = fields.number("amount");
        let method = fields.required("method", |text| match short(text, 50)? {
            Some(method) => Ok(method),
            None => Err(Code::Required),
        });
        let reference = fields.optional("reference", |text| short(text, 200));
        Some(Self { amount, method: method?, reference })
    }
}

/// The appointment to book for a client. Price and duration are those of the service.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 7, "scheduled_at": "2024-01-15T10:00:00Z", "payment": "waived"}))]
#[expect(dead_code, reason = "the documented form of `BookingForClient`, which is what is read")]
pub(crate) struct AdminBookingRequest {
    /// ID of the client.
    #[schema(minimum = 1)]
    user_id: i64,
    /// When the appointment starts: RFC 3339 with `Z` or an offset. Truncated to whole seconds.
    #[schema(format = DateTime)]
    scheduled_at: String,
    /// Service ID; defaults to the practice's first service.
    #[schema(minimum = 1)]
    service_id: Option<i64>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(minimum = 1)]
    therapist_id: Option<i64>,
    /// Note, at most 2000 characters. The client can read it.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// How the price is settled.
    #[schema(schema_with = output::asked_payment)]
    payment: Option<String>,
    /// Payment method: `cash`, `bank_transfer`, `card` … Required with `offline_paid`, and only allowed there. At most
    /// 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: Option<String>,
    /// The practice's own note about the payment, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
    /// Ignore working hours, notice, booking horizon and daily limit, but never another booking.
    #[schema(default = false)]
    override_hours: Option<bool>,
}

/// The session wanted for a client, as read from a body.
struct BookingForClient {
    user_id: UserId,
    scheduled_at: Timestamp,
    service_id: Option<ServiceId>,
    therapist_id: Option<UserId>,
    note: Option<String>,
    payment: PaymentChoice,
    override_hours: bool,
}

impl FromFields for BookingForClient {
    fn read(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.need("user_id", |fields, name| fields.whole(name, UserId::new));
        let scheduled_at = fields.required("scheduled_at", instant);
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let note = fields.optional_lines("note").filter(|note| !note.trim().is_empty());
        let payment = asked_payment(fields);
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        Some(Self {
            user_id: user_id?,
            scheduled_at: scheduled_at?,
            service_id,
            therapist_id,
            note,
            payment: payment?,
            override_hours,
        })
    }
}

/// Reads how the price of a session is settled that a therapist books: `payment`, and what belongs to it.
pub(crate) fn asked_payment(fields: &mut Fields) -> Option<PaymentChoice> {
    let payment = fields.optional("payment", |text| match text {
        "online" | "offline_paid" | "waived" => Ok(Some(text.to_owned())),
        _ => Err(Code::InvalidValue),
    });
    let method = fields.optional("method", |text| short(text, 50));
    let reference = fields.optional("reference", |text| short(text, 200));
    if payment.as_deref() == Some("offline_paid") {
        if method.is_none() {
            fields.wrong("method", Code::Required);
        }
        return Some(PaymentChoice::PaidOffline { method: method?, memo: reference });
    }
    for (name, given) in [("method", method.is_some()), ("reference", reference.is_some())] {
        if given {
            fields.wrong_because(name, Code::InvalidValue, "This belongs to a price paid outside, `offline_paid`.");
        }
    }
    Some(if payment.as_deref() == Some("waived") { PaymentChoice::Waived } else { PaymentChoice::ByProvider })
}

fn short(text: &str, most: usize) -> Result<Option<String>, Code> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Code::TooLong);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// List all bookings
///
/// `Link` points to the next page, if there is one.
#[utoipa::path(
    get, path = "/api/admin/bookings", operation_id = "listAllBookings", tag = "Admin", security(("bearer" = [])),
    params(AllBookingsQuery),
    responses((
        status = 200, description = "The bookings", body = AdminBookingList,
        headers(
            ("Link" = String, description = "URL of the next page, `rel=\"next\"`; absent on the last page")
        )
    ))
)]
pub(crate) async fn list(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let wanted: AllBookings = request.query()?;
    let found = state.api.queries.bookings(&wanted.filter, wanted.page).await?;
    let clients = if wanted.with_user {
        let ids: Vec<_> = found.items.iter().map(|booking| booking.client()).collect();
        state.api.queries.people(&ids).await?
    } else {
        Vec::new()
    };
    let viewer = AccountViewer::from(&caller.user);
    let bookings = found
        .items
        .iter()
        .map(|booking| {
            let link = state.api.links.link(&viewer, booking);
            AdminBookingBody::new(booking, link, clients.iter().find(|client| client.id == booking.client()))
        })
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(next) = found.next {
        response.insert_header(next_link(&request, "/api/admin/bookings", next));
    }
    let (limit, offset) = (wanted.page.limit, offset(wanted.page));
    Ok(response.json(AdminBookingList { bookings, total: found.total, limit, offset }))
}

/// Retrieve any booking
#[utoipa::path(
    get, path = "/api/admin/bookings/{id}", operation_id = "getAnyBooking", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The booking", body = AdminBookingDetail))
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    request.no_query()?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}

/// Create a booking for a client
///
/// Same as when the client books, but the price can be settled in other ways, and the working hours can be overridden.
#[utoipa::path(
    post, path = "/api/admin/bookings", operation_id = "createBookingForClient", tag = "Admin",
    security(("bearer" = [])),
    request_body = AdminBookingRequest,
    responses((
        status = 201, description = "The booking", body = AdminPlacedBooking,
        headers(("Location" = String, description = "URL of the new booking"))
    ))
)]
pub(crate) async fn create(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let metadata = request.origin();
    let (wish, key): (BookingForClient, _) = request.wish(caller.user.id).await?;
    let idempotency = key.map(|key| key.idempotency(StatusCode::CREATED, unfinished));
    let granted = state
        .api
        .create_booking
        .run(CreateBookingCommand {
            client: wish.user_id,
            booked_by: caller.user.id,
            scheduled_at: wish.scheduled_at,
            service: wish.service_id,
            therapist: wish.therapist_id,
            note: wish.note,
            payment: wish.payment,
            override_hours: wish.override_hours,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await
        .map_err(Problem::booked_for_somebody)?;
    let write = async |id, checkout: Option<Payment>| {
        let detail = detail(&state, &caller.user, id).await?;
        let checkout_url = checkout.and_then(|payment| payment.checkout_url);
        Ok::<_, Problem>(json(&AdminPlacedBooking { detail, checkout_url }))
    };
    let answer = match granted {
        Idempotent::Executed(CreatedBooking { booking, checkout }) => {
            let body = write(booking.id(), checkout).await?;
            Answer::fresh(StatusCode::CREATED, finish(&state, idempotency.as_ref(), booking.id(), body).await)
        }
        Idempotent::Replayed(kept) => {
            let again = async |id| {
                let booking = state.api.links.visible(&caller.user, id).await?.booking;
                write(id, checkout_of(&state, &booking).await).await
            };
            replay(&state, idempotency.as_ref(), kept, again).await?
        }
    };
    Ok(answer.respond_below("/api/admin/bookings"))
}

/// Record an offline payment
///
/// For example, in cash or by bank transfer. The booking is confirmed immediately.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/payments/offline", operation_id = "recordOfflinePayment", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    request_body = OfflinePayment,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn record_offline(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let (wish, key): (OfflinePayment, _) = request.wish(caller.user.id).await?;
    let amount = amount_for(&state, id, wish.amount).await?;
    let idempotency = key.map(|key| key.idempotency(StatusCode::OK, unfinished));
    let granted = state
        .api
        .record_offline
        .run(RecordOfflineCommand {
            admin: caller.user.id,
            booking: id,
            amount,
            method: wish.method,
            memo: wish.reference,
            metadata,
            idempotency: idempotency.clone(),
        })
        .await?;
    answer_changed(&state, &caller.user, idempotency.as_ref(), granted).await
}

/// An amount as it was sent. Its digits are in the booking's currency, so the booking has to be known before they mean
/// anything.
pub(crate) async fn amount_for(state: &State, id: BookingId, sent: Option<String>) -> Result<Option<Money>, Problem> {
    let Some(digits) = sent else { return Ok(None) };
    let view = state.api.queries.booking(id).await?.ok_or(Code::BookingNotFound)?;
    let amount = Money::parse_decimal(&digits, view.booking.price().currency());
    Ok(Some(amount.map_err(|_| Problem::field("amount", Code::InvalidAmount))?))
}

/// The answer to a change of a booking that is done: everything about it.
pub(crate) async fn answer_changed(
    state: &State,
    admin: &User,
    idempotency: Option<&IdempotentRequest>,
    granted: Idempotent<Booking>,
) -> Result<HttpResponse, Problem> {
    answer_changed_as(state, admin, idempotency, granted, |_| StatusCode::OK).await
}

/// The same where the status follows from the booking. The mails that the change owes are known only after it was kept.
pub(crate) async fn answer_changed_as(
    state: &State,
    admin: &User,
    idempotency: Option<&IdempotentRequest>,
    granted: Idempotent<Booking>,
    status: impl FnOnce(&Booking) -> StatusCode,
) -> Result<HttpResponse, Problem> {
    let write = async |id| Ok(json(&detail(state, admin, id).await?));
    let answer = match granted {
        Idempotent::Executed(booking) => {
            let body = write(booking.id()).await?;
            Answer::fresh(status(&booking), finish(state, idempotency, booking.id(), body).await)
        }
        Idempotent::Replayed(kept) => replay(state, idempotency, kept, write).await?,
    };
    Ok(answer.respond())
}

/// Revoke join links
///
/// Every join link sent for this booking so far stops working. The client and all invited participants receive a new
/// one by email.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/links/revoke", operation_id = "revokeJoinLinks", tag = "Admin",
    security(("bearer" = [])),
    params(("id" = i64, Path, minimum = 1, description = "Booking ID", example = 42)),
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn revoke_links(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let id = request.booking_id()?;
    let metadata = request.origin();
    let Nothing = request.optional_body().await?;
    state.api.revoke_links.run(RevokeLinksCommand { admin: caller.user.id, booking: id, metadata }).await?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}

/// Everything about a booking.
async fn detail(state: &State, admin: &User, id: BookingId) -> Result<AdminBookingDetail, Problem> {
    let BookingView { booking, client } = state.api.links.visible(admin, id).await?;
    let notices = state.api.queries.notices(id).await?;
    let history = state.api.queries.history(id).await?;
    let participants = state.api.queries.participants(id).await?;
    let attendance = state.api.attendance.of(&booking).await?;
    let payments = state.api.queries.payments(id).await?;
    let refunds = state.api.queries.refunds(id).await?;
    let ledger = state.api.queries.ledger(id).await?;
    let link = state.api.links.link(&admin.into(), &booking);
    Ok(AdminBookingDetail {
        booking: AdminBookingBody::new(&booking, link, Some(&client)),
        more: BookingMore::from(&booking),
        notifications: notices.iter().map(NotificationBody::from).collect(),
        history: history.iter().map(HistoryBody::from).collect(),
        participants: participants.iter().map(ParticipantBody::from).collect(),
        attendance: attendance.iter().map(|attended| AttendanceBody::new(booking.client(), attended)).collect(),
        payments: payments.iter().map(AdminPaymentBody::from).collect(),
        refunds: refunds.iter().map(AdminRefundBody::from).collect(),
        ledger: ledger.iter().map(LedgerBody::from).collect(),
    })
}
