//! Series of bookings, which an admin books for a client.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::{
    ChangeSeriesCommand, CreateBookingCommand, CreateSeriesCommand, SeriesChange, SeriesConflict, SeriesOutcome,
};
use attune_domain::{Role, SeriesId, ServiceId, TimeZoneName, User, UserId};
use attune_http_common::{Code, HandlerResult};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::admin::booking_detail::AdminBookingBody;
use crate::admin::bookings::{Settlement, payment_choice, settlement};
use crate::admin::payment::pay_url;
use crate::client::changes::{expected_refund, reason};
use crate::client::me::timezone;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request, has_form};
use crate::response::output::{self, Amount, Instant};
use crate::state::State;

/// The series to book.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 7, "first": "2024-01-15T10:00", "timezone": "Europe/Berlin", "count": 10}))]
pub(crate) struct SeriesRequest {
    /// ID of the client.
    #[schema(value_type = i64, minimum = 1)]
    user_id: UserId,
    /// Local start of the first appointment, without `Z` or an offset.
    #[schema(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    first: DateTime,
    /// IANA time zone of the local time, which stays the same across daylight saving changes.
    #[schema(value_type = String)]
    timezone: TimeZoneName,
    /// Number of appointments. The last one starts within 366 days, also with `override_hours`.
    #[schema(minimum = 1, maximum = 53)]
    count: u32,
    /// Number of weeks from one appointment to the next.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 52, default = 1)]
    every_weeks: u32,
    /// Service ID; defaults to the practice's first service.
    #[schema(value_type = Option<i64>, minimum = 1)]
    service_id: Option<ServiceId>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    #[schema(schema_with = output::settlement)]
    payment: Option<Settlement>,
    /// Price of each appointment, in the currency of the service; defaults to the price of the service.
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
    #[schema(schema_with = output::on_conflict)]
    on_conflict: Option<OnConflict>,
}

/// What happens if some of the dates cannot be booked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnConflict {
    Fail,
    Skip,
}

impl FromFields for SeriesRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.need("user_id", |fields, name| fields.whole(name, UserId::new));
        let (first, timezone) = local_start(fields);
        let count = fields.need("count", |fields, name| fields.whole_within(name, 1..=53));
        let every_weeks = fields.whole_within("every_weeks", 1..=52).unwrap_or(1);
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let (payment, method, reference) = settlement(fields);
        let amount = fields.number("amount");
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let on_conflict = on_conflict(fields);
        Some(Self {
            user_id: user_id?,
            first: first?,
            timezone: timezone?,
            count: count?,
            every_weeks,
            service_id,
            therapist_id,
            payment,
            amount,
            method,
            reference,
            override_hours,
            on_conflict,
        })
    }
}

fn local_start(fields: &mut Fields) -> (Option<DateTime>, Option<TimeZoneName>) {
    let first = fields.required("first", local_time);
    let zone = fields.required("timezone", |text| timezone(text)?.ok_or(Code::InvalidTimezone));
    (first, zone)
}

fn on_conflict(fields: &mut Fields) -> Option<OnConflict> {
    fields.choice("on_conflict", &[("fail", OnConflict::Fail), ("skip", OnConflict::Skip)])
}

/// Reads a local date and time such as `2024-01-15T10:00`.
fn local_time(text: &str) -> Result<DateTime, Code> {
    text.parse().ok().filter(|_| has_form(text, "0000-00-00T00:00")).ok_or(Code::InvalidLocalTime)
}

/// A series, or the part of it that a change is about.
#[derive(Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesBody {
    /// Series ID; each of the bookings has it.
    #[schema(example = 42)]
    series_id: i64,
    /// The bookings, by date.
    bookings: Vec<SeriesBooking>,
    /// The dates that were not booked, or to which no booking was moved.
    skipped: Vec<SkippedDateBody>,
}

/// A booking of the series.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesBooking {
    #[serde(flatten)]
    booking: AdminBookingBody,
    /// URL of our page on which the client pays, which the client receives by email; null if nothing can be paid online.
    #[schema(required = true, example = json!(null))]
    pay_url: Option<String>,
}

/// From which booking on a series is meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesQuery {
    /// Only bookings that start at or after this time.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
}

impl FromFields for SeriesQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { from: fields.optional_instant("from") })
    }
}

/// The new local time of a series.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2024-02-05T00:00:00Z", "first": "2024-02-06T16:00", "timezone": "Europe/Berlin"}))]
pub(crate) struct RescheduleSeriesRequest {
    /// Only bookings that start at or after this time are moved; the present by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// New local start of the first of them, without `Z` or an offset.
    #[schema(value_type = String, pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    first: DateTime,
    /// IANA time zone of the local time, which stays the same across daylight saving changes.
    #[schema(value_type = String)]
    timezone: TimeZoneName,
    /// Ignore the practice's rules: working hours, the grid of start times, notice, booking horizon and daily limit. Never
    /// ignored: another booking, the present (no start in the past), and 366 days, the furthest start ahead.
    #[schema(value_type = Option<bool>, default = false)]
    override_hours: bool,
    /// Reason, at most 500 characters. Only the practice can read it.
    #[schema(max_length = 500)]
    reason: Option<String>,
    #[schema(schema_with = output::on_conflict)]
    on_conflict: Option<OnConflict>,
}

impl FromFields for RescheduleSeriesRequest {
    fn read(fields: &mut Fields) -> Option<Self> {
        let from = fields.optional_instant("from");
        let (first, timezone) = local_start(fields);
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let (reason, on_conflict) = (reason(fields), on_conflict(fields));
        Some(Self { from, first: first?, timezone: timezone?, override_hours, reason, on_conflict })
    }
}

/// A cancellation of what is left of a series.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2024-02-05T00:00:00Z", "reason": "Ill", "expected_refund": 300.00}))]
pub(crate) struct CancelSeriesRequest {
    /// Only bookings that start at or after this time are cancelled; the present by default.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Reason, at most 500 characters. The client gets it in the email about the cancellation; participants do not.
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// The sum of the refunds that the user was shown, in the currency of the bookings. If it differs by now, nothing changes
    /// (409 `quote_changed`).
    #[schema(value_type = Option<f64>, minimum = 0)]
    expected_refund: Option<String>,
}

impl FromFields for CancelSeriesRequest {
    const OPTIONAL: bool = true;

    fn read(fields: &mut Fields) -> Option<Self> {
        let from = fields.optional_instant("from");
        Some(Self { from, reason: reason(fields), expected_refund: fields.number("expected_refund") })
    }
}

/// What the cancellation of what is left of a series would lead to now.
#[derive(Serialize, ToSchema)]
#[schema(as = SeriesCancellationQuote)]
pub(crate) struct SeriesQuoteBody {
    /// IDs of the bookings that would be cancelled, by date.
    #[schema(example = json!([42, 43, 44]))]
    booking_ids: Vec<i64>,
    /// Sum of the refunds that the client would receive.
    #[schema(value_type = f64, minimum = 0, example = 300.0)]
    refund_amount: Amount,
    /// Sum of what the practice would keep.
    #[schema(value_type = f64, minimum = 0, example = 0.0)]
    fee_amount: Amount,
    /// ISO 4217 currency code.
    #[schema(example = "EUR")]
    currency: String,
}

/// A date that was not booked.
#[derive(Serialize, ToSchema)]
#[schema(as = SkippedDate)]
pub(crate) struct SkippedDateBody {
    /// Local date and time.
    #[schema(example = "2024-01-22T10:00")]
    local_time: String,
    /// The same as a timestamp; null if the local time does not exist on that date.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-22T09:00:00Z")]
    starts_at: Option<Instant>,
    /// Why the date was not booked: the error code that a single booking would have received.
    #[schema(value_type = Code)]
    code: &'static str,
}

impl From<&SeriesConflict> for SkippedDateBody {
    fn from(date: &SeriesConflict) -> Self {
        Self {
            local_time: date.local_time.strftime("%Y-%m-%dT%H:%M").to_string(),
            starts_at: date.starts_at.map(Instant),
            code: Code::from(date).as_str(),
        }
    }
}

/// Create a booking series
///
/// Books the same local time every week or every few weeks, by default either all of the dates or none. If some of the
/// dates cannot be booked, `errors` lists every one of them (409 `series_conflict`).
#[utoipa::path(
    post, path = "/api/admin/bookings/series", operation_id = "createBookingSeries",
    request_body = SeriesRequest,
    responses((status = 201, description = "The series", body = SeriesBody))
)]
pub(crate) async fn create(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let body: SeriesRequest = request.body().await?;
    let provider = state.api.use_cases.open_checkout.gateway.provider();
    let booking = CreateBookingCommand {
        client: body.user_id,
        booked_by: caller.user.id,
        role: Role::Admin,
        // Set for each date of the series.
        scheduled_at: Timestamp::UNIX_EPOCH,
        service: body.service_id,
        therapist: body.therapist_id,
        note: None,
        payment: payment_choice(body.payment, body.method, body.reference, provider),
        amount: body.amount,
        has_taken_place: false,
        override_hours: body.override_hours,
        metadata,
        idempotency: None,
    };
    let command = CreateSeriesCommand {
        booking,
        first: body.first,
        zone: body.timezone,
        count: body.count,
        every_weeks: body.every_weeks,
        skip_conflicts: body.on_conflict == Some(OnConflict::Skip),
    };
    let outcome = state.api.use_cases.create_series.run(command).await?;
    Ok(HttpResponse::Created().json(body_of(&state, &caller.user, &outcome)))
}

/// Retrieve a booking series
///
/// Also the bookings that were cancelled or moved.
#[utoipa::path(
    get, path = "/api/admin/series/{id}", operation_id = "getBookingSeries",
    params(SeriesQuery),
    responses((status = 200, description = "The series", body = SeriesBody))
)]
pub(crate) async fn show(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let series = request.id("id", SeriesId::new)?;
    let query: SeriesQuery = request.query()?;
    let bookings = state.api.use_cases.change_series.list(series, query.from).await?;
    let outcome = SeriesOutcome { series, bookings, conflicts: Vec::new() };
    Ok(HttpResponse::Ok().json(body_of(&state, &caller.user, &outcome)))
}

/// Quote the cancellation of a booking series
///
/// Returns what a cancellation of its upcoming appointments by the practice would lead to now: everything paid is refunded.
#[utoipa::path(
    get, path = "/api/admin/series/{id}/cancellation-quote", operation_id = "quoteSeriesCancellation",
    params(SeriesQuery),
    responses((status = 200, description = "The quote", body = SeriesQuoteBody))
)]
pub(crate) async fn quote(state: Data<State>, _: Admin, request: Request) -> HandlerResult {
    let id = request.id("id", SeriesId::new)?;
    let query: SeriesQuery = request.query()?;
    let quote = state.api.use_cases.change_series.quote(id, query.from).await?;
    Ok(HttpResponse::Ok().json(SeriesQuoteBody {
        booking_ids: quote.bookings.iter().map(|booking| booking.id().get()).collect(),
        refund_amount: Amount(quote.refund),
        fee_amount: Amount(quote.fee),
        currency: quote.refund.currency().code().to_owned(),
    }))
}

/// Cancel what is left of a booking series
///
/// Cancels the appointments that have not begun, all of them or none. Request a quote first, and send its `refund_amount` as
/// `expected_refund`. The client gets one email about all of them.
#[utoipa::path(
    post, path = "/api/admin/series/{id}/cancel", operation_id = "cancelBookingSeries",
    request_body = CancelSeriesRequest,
    responses((status = 200, description = "The cancelled bookings", body = SeriesBody))
)]
pub(crate) async fn cancel(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let series = request.id("id", SeriesId::new)?;
    let metadata = request.metadata();
    let body: CancelSeriesRequest = request.body().await?;
    let all = state.api.use_cases.change_series.list(series, None).await?;
    let currency = all.first().map(|booking| booking.price().currency()).ok_or(Code::SeriesNotFound)?;
    let expected_refund = expected_refund(body.expected_refund, currency)?;
    let change = SeriesChange::Cancel { reason: body.reason, expected_refund };
    let command = ChangeSeriesCommand { admin: caller.user.id, series, from: body.from, change, metadata };
    let outcome = state.api.use_cases.change_series.run(command).await?;
    Ok(HttpResponse::Ok().json(body_of(&state, &caller.user, &outcome)))
}

/// Move what is left of a booking series
///
/// The first appointment moves to `first`, the others to the same local time; the number of days between them stays. By
/// default either all of them move or none. If some cannot be moved, `errors` lists every one of them (409
/// `series_conflict`). The client gets one email about all of them.
#[utoipa::path(
    post, path = "/api/admin/series/{id}/reschedule", operation_id = "rescheduleBookingSeries",
    request_body = RescheduleSeriesRequest,
    responses((status = 200, description = "The moved bookings", body = SeriesBody))
)]
pub(crate) async fn reschedule(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let series = request.id("id", SeriesId::new)?;
    let metadata = request.metadata();
    let body: RescheduleSeriesRequest = request.body().await?;
    let change = SeriesChange::Reschedule {
        first: body.first,
        zone: body.timezone,
        override_hours: body.override_hours,
        reason: body.reason,
        skip_conflicts: body.on_conflict == Some(OnConflict::Skip),
    };
    let command = ChangeSeriesCommand { admin: caller.user.id, series, from: body.from, change, metadata };
    let outcome = state.api.use_cases.change_series.run(command).await?;
    Ok(HttpResponse::Ok().json(body_of(&state, &caller.user, &outcome)))
}

fn body_of(state: &State, user: &User, outcome: &SeriesOutcome) -> SeriesBody {
    let viewer = state.api.use_cases.links.viewer(user);
    let rendered = |booking| SeriesBooking {
        booking: AdminBookingBody::new(booking, state.api.use_cases.links.link(&viewer, booking), (None, None)),
        pay_url: pay_url(state, booking),
    };
    SeriesBody {
        series_id: outcome.series.get(),
        bookings: outcome.bookings.iter().map(rendered).collect(),
        skipped: outcome.conflicts.iter().map(SkippedDateBody::from).collect(),
    }
}
