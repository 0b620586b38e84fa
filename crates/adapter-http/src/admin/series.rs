//! Series of bookings, which an admin books for a client.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreateSeriesCommand, SeriesConflict};
use attune_domain::{Role, ServiceId, TimeZoneName, UserId};
use attune_http_common::{Code, HandlerResult};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::booking_detail::AdminBookingBody;
use crate::admin::bookings::{Settlement, payment_choice, settlement};
use crate::admin::payment::pay_url;
use crate::client::me::timezone;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request, has_form};
use crate::response::output::{self, Instant};
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
        let first = fields.required("first", local_time);
        let timezone = fields.required("timezone", |text| timezone(text)?.ok_or(Code::InvalidTimezone));
        let count = fields.need("count", |fields, name| fields.whole_within(name, 1..=53));
        let every_weeks = fields.whole_within("every_weeks", 1..=52).unwrap_or(1);
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let (payment, method, reference) = settlement(fields);
        let amount = fields.number("amount");
        let override_hours = fields.flag("override_hours").unwrap_or(false);
        let on_conflict = fields.choice("on_conflict", &[("fail", OnConflict::Fail), ("skip", OnConflict::Skip)]);
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

/// Reads a local date and time such as `2024-01-15T10:00`.
fn local_time(text: &str) -> Result<DateTime, Code> {
    text.parse().ok().filter(|_| has_form(text, "0000-00-00T00:00")).ok_or(Code::InvalidLocalTime)
}

/// The series that was booked.
#[derive(Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesBody {
    /// The bookings, by date.
    bookings: Vec<SeriesBooking>,
    /// The dates that were not booked.
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
    let viewer = state.api.use_cases.links.viewer(&caller.user);
    let rendered = |booking| SeriesBooking {
        booking: AdminBookingBody::new(booking, state.api.use_cases.links.link(&viewer, booking), (None, None)),
        pay_url: pay_url(&state, booking),
    };
    Ok(HttpResponse::Created().json(SeriesBody {
        bookings: outcome.booked.iter().map(rendered).collect(),
        skipped: outcome.conflicts.iter().map(SkippedDateBody::from).collect(),
    }))
}
