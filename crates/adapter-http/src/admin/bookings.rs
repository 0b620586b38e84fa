//! All bookings, for admins.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreatedBooking, PaymentChoice};
use attune_application::meetings::RevokeLinksCommand;
use attune_application::payments::RecordOfflineCommand;
use attune_domain::{BookingId, BookingStatus, Money, PaymentStatus, PersonSearch, Role, SeriesId, ServiceId, UserId};
use attune_http_common::{Code, HandlerResult, Problem, schema};
use attune_ports::{BookingFilter, BookingOrder, BookingPageRequest, Provider};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::booking_detail::{AdminBookingBody, AdminBookingDetail, detail, respond_changed};
use crate::admin::filters::{search, therapist};
use crate::admin::payment::pay_url;
use crate::client::bookings::{booking_status, payment_status, recover_created};
use crate::request::auth::Admin;
use crate::request::idempotency::idempotent_response;
use crate::request::input::{Fields, FromFields, Nothing, Request};
use crate::request::paging::{CursorQuery, PageQuery, booking_page, next_link, offset};
use crate::response::output::{self, json};
use crate::state::State;

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

/// The new booking.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminCreatedBooking {
    #[serde(flatten)]
    detail: AdminBookingDetail,
    /// URL at which the client pays; null if nothing is due, or if the payment is offline.
    /// `POST /api/bookings/{id}/payment` returns it to the client, too. It may end before the hold does; `pay_url` does
    /// not.
    #[schema(required = true, example = json!(null))]
    checkout_url: Option<String>,
    /// URL of our page on which the client pays, which the client receives by email; null if nothing can be paid online.
    #[schema(required = true, example = json!(null))]
    pay_url: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AllBookingsQuery {
    /// Only with this status.
    #[param(schema_with = schema::booking_status)]
    status: Option<BookingStatus>,
    /// Only with this payment status.
    #[param(schema_with = schema::payment_status)]
    payment_status: Option<PaymentStatus>,
    /// Only bookings of this client.
    #[param(value_type = Option<i64>, minimum = 1)]
    user_id: Option<UserId>,
    /// Only bookings with this therapist.
    #[param(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// Only bookings of this series.
    #[param(value_type = Option<i64>, minimum = 1)]
    series_id: Option<SeriesId>,
    /// Words that all occur in the client's names or email address, in any case: `ann müller`.
    #[param(value_type = Option<String>, max_length = 200)]
    q: Option<PersonSearch>,
    /// Only bookings that start at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only bookings that start before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Sort order: `scheduled_at` for the earliest appointment first, `-scheduled_at` for the latest.
    #[param(schema_with = output::booking_order)]
    sort: Option<BookingOrder>,
    /// What to include for each booking, separated by commas: its client (`user`), its `therapist`.
    #[param(value_type = Option<String>, pattern = "^(user|therapist)(,(user|therapist))*$", example = "user,therapist")]
    expand: Expansions,
    #[param(ignore)]
    page: BookingPageRequest,
}

/// Which people to include.
#[derive(Clone, Copy, Default)]
struct Expansions {
    user: bool,
    therapist: bool,
}

fn expansions(text: &str) -> Result<Expansions, Code> {
    let mut wanted = Expansions::default();
    for part in text.split(',') {
        match part.trim() {
            "user" => wanted.user = true,
            "therapist" => wanted.therapist = true,
            _ => return Err(Code::InvalidValue),
        }
    }
    Ok(wanted)
}

impl FromFields for AllBookingsQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self {
            sort: fields
                .choice("sort", &[("scheduled_at", BookingOrder::Earliest), ("-scheduled_at", BookingOrder::Latest)]),
            expand: fields.optional("expand", |text| expansions(text).map(Some)).unwrap_or_default(),
            user_id: fields.whole("user_id", UserId::new),
            therapist_id: therapist(fields),
            series_id: fields.whole("series_id", SeriesId::new),
            q: search(fields),
            status: fields.optional("status", booking_status),
            payment_status: fields.optional("payment_status", payment_status),
            from: fields.optional_instant("from"),
            to: fields.optional_instant("to"),
            page: booking_page(fields),
        })
    }
}

/// An offline payment.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 100.00, "method": "bank_transfer", "reference": "2024-0017"}))]
pub(crate) struct OfflinePayment {
    /// Amount, in the currency of the booking. At most what is left to pay, which is the default.
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

/// The appointment to book for a client. The duration is that of the service, which may be inactive.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 7, "scheduled_at": "2024-01-15T10:00:00Z", "payment": "waived"}))]
pub(crate) struct NewBookingForClient {
    /// ID of the client.
    #[schema(value_type = i64, minimum = 1)]
    user_id: UserId,
    /// When the appointment starts: RFC 3339 with `Z` or an offset, at a whole second.
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    /// Service ID; defaults to the practice's first service.
    #[schema(value_type = Option<i64>, minimum = 1)]
    service_id: Option<ServiceId>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// Note, at most 2000 characters. The client can read it.
    #[schema(max_length = 2000)]
    note: Option<String>,
    #[schema(schema_with = output::settlement)]
    payment: Option<Settlement>,
    /// Price of this appointment, in the currency of the service; defaults to the price of the service.
    #[schema(value_type = Option<f64>, minimum = 0)]
    amount: Option<String>,
    /// Payment method: `cash`, `bank_transfer`, `card` … Required with `offline_paid`, and only allowed there. At most
    /// 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: Option<String>,
    /// The practice's own note about the payment, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
    /// Ignore the practice's rules: working hours, the grid of start times, notice, booking horizon and daily limit. Never
    /// ignored: another booking, the present (no start in the past), and 366 days, the furthest start ahead.
    #[schema(value_type = Option<bool>, default = false)]
    override_hours: bool,
    /// Enter an appointment that has taken place, at most 90 days ago: it is completed at once, and no one gets an
    /// email. The payment is `offline_paid` or `waived` unless nothing is due.
    #[schema(value_type = Option<bool>, default = false)]
    has_taken_place: bool,
}

impl FromFields for NewBookingForClient {
    fn read(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.need("user_id", |fields, name| fields.whole(name, UserId::new));
        let scheduled_at = fields.start("scheduled_at");
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let note = fields.optional_lines("note").filter(|note| !note.trim().is_empty());
        let (payment, method, reference) = settlement(fields);
        let amount = fields.number("amount");
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let has_taken_place = fields.flag("has_taken_place").unwrap_or(false);
        Some(Self {
            user_id: user_id?,
            scheduled_at: scheduled_at?,
            service_id,
            therapist_id,
            note,
            payment,
            amount,
            method,
            reference,
            override_hours,
            has_taken_place,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    Online,
    OfflinePaid,
    Waived,
}

/// Reads `payment`, `method` and `reference`.
pub(crate) fn settlement(fields: &mut Fields) -> (Option<Settlement>, Option<String>, Option<String>) {
    let choices =
        [("online", Settlement::Online), ("offline_paid", Settlement::OfflinePaid), ("waived", Settlement::Waived)];
    let payment = fields.choice("payment", &choices);
    let method = fields.optional("method", |text| short(text, 50));
    let reference = fields.optional("reference", |text| short(text, 200));
    if payment == Some(Settlement::OfflinePaid) {
        if method.is_none() {
            fields.wrong("method", Code::Required);
        }
    } else {
        for (name, given) in [("method", method.is_some()), ("reference", reference.is_some())] {
            if given {
                let message = "This is only allowed with an offline payment, `offline_paid`.";
                fields.wrong_because(name, Code::InvalidValue, message);
            }
        }
    }
    (payment, method, reference)
}

/// The choice that [`settlement`] has read.
pub(crate) fn payment_choice(
    payment: Option<Settlement>,
    method: Option<String>,
    reference: Option<String>,
    provider: Provider,
) -> PaymentChoice {
    match (payment, method) {
        (Some(Settlement::OfflinePaid), Some(method)) => PaymentChoice::PaidOffline { method, memo: reference },
        (Some(Settlement::Waived), _) => PaymentChoice::Waived,
        (Some(Settlement::Online), _) => PaymentChoice::Requested,
        (None, _) if provider.has_checkout_page() => PaymentChoice::Requested,
        _ => PaymentChoice::ByProvider,
    }
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
    get, path = "/api/admin/bookings", operation_id = "listAllBookings",
    params(AllBookingsQuery, PageQuery, CursorQuery),
    responses((
        status = 200, description = "The bookings", body = AdminBookingList,
        headers(
            ("Link" = String, description = "URL of the next page, `rel=\"next\"`; absent on the last page")
        )
    ))
)]
pub(crate) async fn list(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let query: AllBookingsQuery = request.query()?;
    let filter = BookingFilter {
        client: query.user_id,
        search: query.q,
        therapist: query.therapist_id,
        series: query.series_id,
        status: query.status,
        payment_status: query.payment_status,
        from: query.from,
        to: query.to,
        order: query.sort.unwrap_or_default(),
    };
    let found = state.api.queries.bookings(&filter, query.page).await?;
    let Expansions { user, therapist } = query.expand;
    let clients = found.items.iter().filter(|_| user).map(|booking| booking.client());
    let therapists = found.items.iter().filter(|_| therapist).map(|booking| booking.therapist());
    let wanted: BTreeSet<UserId> = clients.chain(therapists).collect();
    let people = match wanted.is_empty() {
        true => Vec::new(),
        false => state.api.queries.people(&wanted.into_iter().collect::<Vec<_>>()).await?,
    };
    let person = |wanted: bool, id| people.iter().find(|person| wanted && person.id == id);
    let viewer = state.api.use_cases.links.viewer(&caller.user);
    let bookings = found
        .items
        .iter()
        .map(|booking| {
            let link = state.api.use_cases.links.link(&viewer, booking);
            let people = (person(user, booking.client()), person(therapist, booking.therapist()));
            AdminBookingBody::new(booking, link, people)
        })
        .collect();
    let mut response = HttpResponse::Ok();
    if let Some(next) = found.next {
        response.insert_header(next_link(&request, "/api/admin/bookings", next));
    }
    let (limit, offset) = (query.page.limit, offset(query.page));
    Ok(response.json(AdminBookingList { bookings, total: found.total, limit, offset }))
}

/// Retrieve any booking
#[utoipa::path(
    get, path = "/api/admin/bookings/{id}", operation_id = "getAnyBooking",
    responses((status = 200, description = "The booking", body = AdminBookingDetail))
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    request.no_query()?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}

/// Create a booking for a client
///
/// Same as when the client books, but another price can be set and settled in other ways, the working hours can be
/// overridden, and an appointment that has taken place can be entered. With `online`, the client is asked by email to pay;
/// the slot is held for days, but not beyond the minimum notice.
#[utoipa::path(
    post, path = "/api/admin/bookings", operation_id = "createBookingForClient",
    request_body = NewBookingForClient,
    responses((
        status = 201, description = "The booking", body = AdminCreatedBooking,
        headers(("Location" = String, description = "URL of the new booking"))
    ))
)]
pub(crate) async fn create(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let (body, idempotency): (NewBookingForClient, _) = request.idempotent_body(caller.user.id).await?;
    let provider = state.api.use_cases.open_checkout.gateway.provider();
    let command = CreateBookingCommand {
        client: body.user_id,
        booked_by: caller.user.id,
        role: Role::Admin,
        scheduled_at: body.scheduled_at,
        service: body.service_id,
        therapist: body.therapist_id,
        note: body.note,
        payment: payment_choice(body.payment, body.method, body.reference, provider),
        amount: body.amount,
        has_taken_place: body.has_taken_place,
        override_hours: body.override_hours,
        metadata,
        idempotency: idempotency.clone(),
    };
    let outcome = state.api.use_cases.create_booking.run(command).await.map_err(Problem::booked_for_client)?;
    let render = async |CreatedBooking { booking, checkout }| {
        let detail = detail(&state, &caller.user, booking.id()).await?;
        let checkout_url = checkout.and_then(|payment| payment.checkout_url);
        let pay_url = pay_url(&state, &booking);
        Ok((StatusCode::CREATED, json(&AdminCreatedBooking { detail, checkout_url, pay_url })))
    };
    let recover = async |id| recover_created(&state, &caller.user, id).await;
    Ok(idempotent_response(&state, idempotency.as_ref(), outcome, recover, render)
        .await?
        .respond_below("/api/admin/bookings"))
}

/// Record an offline payment
///
/// For example, in cash or by bank transfer. Parts add up: the booking is confirmed as soon as its price is reached. The
/// first part extends the hold to the start of the appointment, less the minimum notice.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/payments/offline", operation_id = "recordOfflinePayment",
    request_body = OfflinePayment,
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn record_offline(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let (body, idempotency): (OfflinePayment, _) = request.idempotent_body(caller.user.id).await?;
    let command = RecordOfflineCommand {
        admin: caller.user.id,
        booking: id,
        amount: amount_for(&state, id, body.amount).await?,
        method: body.method,
        memo: body.reference,
        metadata,
        idempotency: idempotency.clone(),
    };
    let outcome = state.api.use_cases.record_offline.run(command).await?;
    respond_changed(&state, &caller.user, idempotency.as_ref(), outcome).await
}

/// Parses an amount, which is in the currency of the booking.
pub(crate) async fn amount_for(state: &State, id: BookingId, sent: Option<String>) -> Result<Option<Money>, Problem> {
    let Some(digits) = sent else { return Ok(None) };
    let view = state.api.queries.booking(id).await?.ok_or(Code::BookingNotFound)?;
    let amount = Money::parse_decimal(&digits, view.booking.price().currency());
    Ok(Some(amount.map_err(|_| Problem::field("amount", Code::InvalidAmount))?))
}

/// Revoke join links
///
/// Every join link sent for this booking so far stops working. The client and all invited participants receive a new
/// one by email.
#[utoipa::path(
    post, path = "/api/admin/bookings/{id}/links/revoke", operation_id = "revokeJoinLinks",
    responses((status = 200, description = "The updated booking", body = AdminBookingDetail))
)]
pub(crate) async fn revoke_links(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let id = request.booking_id()?;
    let metadata = request.metadata();
    let Nothing = request.body().await?;
    state.api.use_cases.revoke_links.run(RevokeLinksCommand { admin: caller.user.id, booking: id, metadata }).await?;
    Ok(HttpResponse::Ok().json(detail(&state, &caller.user, id).await?))
}
