//! Standing appointments, which a therapist books for a client.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreateSeriesCommand, PaymentChoice, SeriesConflict};
use attune_domain::{AccountViewer, ServiceId, TimeZoneName, UserId};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::booking_detail::AdminBookingBody;
use crate::admin::bookings::asked_payment;
use crate::client::me::timezone;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::response::output::{self, Instant};
use crate::response::problem::{Code, Problem};
use crate::state::State;

/// The series to book.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 7, "first": "2024-01-15T10:00", "timezone": "Europe/Berlin", "count": 10}))]
#[expect(dead_code, reason = "the documented form of `Series`, which is what is read")]
pub(crate) struct SeriesRequest {
    /// ID of the client.
    #[schema(minimum = 1)]
    user_id: i64,
    /// Local start of the first appointment, without `Z` or an offset.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    first: String,
    /// IANA time zone of the local time, which stays the same across daylight saving changes.
    timezone: String,
    /// Number of appointments.
    #[schema(minimum = 1, maximum = 53)]
    count: u32,
    /// Number of weeks from one appointment to the next.
    #[schema(minimum = 1, maximum = 52, default = 1)]
    every_weeks: Option<u32>,
    /// Service ID; defaults to the practice's first service.
    #[schema(minimum = 1)]
    service_id: Option<i64>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[schema(minimum = 1)]
    therapist_id: Option<i64>,
    /// How each of them is settled.
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
    /// What happens when some of the dates cannot be booked: `fail` books none of them, `skip` books the others.
    #[schema(schema_with = output::on_conflict)]
    on_conflict: Option<String>,
}

/// The standing appointment wanted, as read from a body.
struct Series {
    user_id: UserId,
    first: DateTime,
    timezone: TimeZoneName,
    count: u32,
    every_weeks: u32,
    service_id: Option<ServiceId>,
    therapist_id: Option<UserId>,
    payment: PaymentChoice,
    override_hours: bool,
    skip_conflicts: bool,
}

impl FromFields for Series {
    fn read(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.need("user_id", |fields, name| fields.whole(name, UserId::new));
        let first = fields.required("first", wall_time);
        let timezone = fields.required("timezone", |text| timezone(text)?.ok_or(Code::InvalidTimezone));
        let count = fields.need("count", |fields, name| fields.whole_within(name, 1..=53));
        let every_weeks = fields.whole_within("every_weeks", 1..=52);
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let payment = asked_payment(fields);
        let override_hours = fields.flag("override_hours");
        let skip_conflicts = fields.optional("on_conflict", |text| match text {
            "fail" => Ok(Some(false)),
            "skip" => Ok(Some(true)),
            _ => Err(Code::InvalidValue),
        });
        Some(Self {
            user_id: user_id?,
            first: first?,
            timezone: timezone?,
            count: count?,
            every_weeks: every_weeks.unwrap_or(1),
            service_id,
            therapist_id,
            payment: payment?,
            override_hours: override_hours.unwrap_or(false),
            skip_conflicts: skip_conflicts.unwrap_or(false),
        })
    }
}

/// Reads a date and a time of day in the form `2024-01-15T10:00`.
fn wall_time(text: &str) -> Result<DateTime, Code> {
    let form = "0000-00-00T00:00";
    let fits = |(b, f): (u8, u8)| if f == b'0' { b.is_ascii_digit() } else { b == f };
    let formed = text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits);
    text.parse().ok().filter(|_| formed).ok_or(Code::InvalidWallTime)
}

/// The series that was booked.
#[derive(Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesBody {
    /// The bookings, by date.
    bookings: Vec<AdminBookingBody>,
    /// The dates that were not booked.
    left_out: Vec<LeftOutBody>,
}

/// A date that was not booked.
#[derive(Serialize, ToSchema)]
#[schema(as = LeftOut)]
pub(crate) struct LeftOutBody {
    /// Local date and time.
    #[schema(example = "2024-01-22T10:00")]
    wall: String,
    /// The same as a timestamp; null if the local time does not exist on that date.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-22T09:00:00Z")]
    starts_at: Option<Instant>,
    /// Why the date was not booked: the error code that a single booking would have received.
    #[schema(example = "slot_taken")]
    code: &'static str,
}

impl From<&SeriesConflict> for LeftOutBody {
    fn from(date: &SeriesConflict) -> Self {
        Self {
            wall: date.wall.strftime("%Y-%m-%dT%H:%M").to_string(),
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
    post, path = "/api/admin/bookings/series", operation_id = "createBookingSeries", tag = "Admin", security(("bearer" = [])),
    request_body = SeriesRequest,
    responses((status = 201, description = "The series", body = SeriesBody))
)]
pub(crate) async fn create(
    state: Data<State>,
    Admin(caller): Admin,
    request: Request,
) -> Result<HttpResponse, Problem> {
    let metadata = request.origin();
    let wish: Series = request.body().await?;
    let session = CreateBookingCommand {
        client: wish.user_id,
        booked_by: caller.user.id,
        // Each date of the series has its own.
        scheduled_at: Timestamp::UNIX_EPOCH,
        service: wish.service_id,
        therapist: wish.therapist_id,
        note: None,
        payment: wish.payment,
        override_hours: wish.override_hours,
        metadata,
        idempotency: None,
    };
    let outcome = state
        .api
        .create_series
        .run(CreateSeriesCommand {
            session,
            first: wish.first,
            zone: wish.timezone,
            count: wish.count,
            every_weeks: wish.every_weeks,
            skip_conflicts: wish.skip_conflicts,
        })
        .await?;
    let viewer = AccountViewer::from(&caller.user);
    let told = |booking| AdminBookingBody::new(booking, state.api.links.link(&viewer, booking), None);
    Ok(HttpResponse::Created().json(SeriesBody {
        bookings: outcome.booked.iter().map(told).collect(),
        left_out: outcome.left_out.iter().map(LeftOutBody::from).collect(),
    }))
}
