//! Standing appointments, which a therapist books for a client.

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::bookings::{CreateBookingCommand, CreateSeriesCommand, PaymentChoice, SeriesConflict};
use attune_domain::{AccountViewer, ServiceId, TimeZoneName, UserId};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::bookings::{AdminBookingBody, asked_payment};
use crate::auth::Admin;
use crate::input::{Fields, FromFields, Request};
use crate::me::timezone;
use crate::output::{self, Instant};
use crate::problem::{Code, Problem};
use crate::state::State;

/// The standing appointment wanted.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": 7, "first": "2024-01-15T10:00", "timezone": "Europe/Berlin", "count": 10}))]
#[expect(dead_code, reason = "the documented form of `Series`, which is what is read")]
pub(crate) struct SeriesRequest {
    /// Who comes.
    #[schema(minimum = 1)]
    user_id: i64,
    /// When the first session begins, as the clock on the wall shows it: without `Z` or an offset.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
    first: String,
    /// Whose clock it is: a zone of the IANA database. The time of day stays when this clock is changed.
    timezone: String,
    /// How many sessions.
    #[schema(minimum = 1, maximum = 53)]
    count: u32,
    /// Every so many weeks.
    #[schema(minimum = 1, maximum = 52, default = 1)]
    every_weeks: Option<u32>,
    /// Which service; the practice's first when left out.
    #[schema(minimum = 1)]
    service_id: Option<i64>,
    /// With whom; the practice's first therapist when left out.
    #[schema(minimum = 1)]
    therapist_id: Option<i64>,
    /// How each of them is settled.
    #[schema(schema_with = output::asked_payment)]
    payment: Option<String>,
    /// How they were paid, with `offline_paid`, and only then: `cash`, `bank_transfer`, `card` … At most 50 characters.
    #[schema(min_length = 1, max_length = 50)]
    method: Option<String>,
    /// The practice's own note about the payment, such as a receipt number. At most 200 characters.
    #[schema(max_length = 200)]
    reference: Option<String>,
    /// Step over hours, notice, horizon and daily cap, but never over another booking.
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

/// The standing appointment, as far as it was booked.
#[derive(Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesBody {
    /// The sessions, in order.
    bookings: Vec<AdminBookingBody>,
    /// The dates that were left out, in order.
    left_out: Vec<LeftOutBody>,
}

/// A date on which no session was booked.
#[derive(Serialize, ToSchema)]
#[schema(as = LeftOut)]
pub(crate) struct LeftOutBody {
    /// The date and time on the clock of the zone.
    #[schema(example = "2024-01-22T10:00")]
    wall: String,
    /// When that is; null where the clock skips that time on that date.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2024-01-22T09:00:00Z")]
    starts_at: Option<Instant>,
    /// Why no session was booked: the code that a single booking would have been refused with.
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

/// Book a standing appointment
///
/// The same time of day on the clock of a zone, every week or every few weeks: all of it or, unless wished otherwise,
/// nothing. When some of the dates cannot be booked, `errors` tells every one of them (409 `series_conflict`).
#[utoipa::path(
    post, path = "/api/admin/bookings/series", operation_id = "bookSeries", tag = "Admin", security(("bearer" = [])),
    request_body = SeriesRequest,
    responses((status = 201, description = "The sessions", body = SeriesBody))
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
