//! Available slots.

#![expect(unused_qualifications, reason = "utoipa qualifies the parameters of a path in the code it generates")]

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_domain::calendar::{RangeError, SlotQuery};
use attune_domain::{ServiceId, Slot, TimeZoneName, UserId};
use attune_http_common::{Code, HandlerResult, Problem};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::client::me::timezone;
use crate::request::input::{Fields, FromFields, Request, date, instant};
use crate::state::State;

/// By default a range ends this many days after its first: one week in total.
const DEFAULT_DAYS: i64 = 6;

/// An available slot.
#[derive(Serialize, ToSchema)]
#[schema(as = Slot)]
pub(crate) struct SlotBody {
    /// When the appointment starts; send it as `scheduled_at`.
    #[schema(format = DateTime, example = "2024-01-15T10:00:00+01:00")]
    start: String,
    /// When the appointment ends.
    #[schema(format = DateTime, example = "2024-01-15T10:50:00+01:00")]
    end: String,
}

impl SlotBody {
    fn new(slot: Slot, zone: &TimeZone) -> Self {
        Self { start: local(slot.start, zone), end: local(slot.end, zone) }
    }
}

/// Available slots.
#[derive(Serialize, ToSchema)]
pub(crate) struct Availability {
    /// Time zone of the dates and times.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// Slots by date, earliest first. Dates without a slot are omitted.
    #[schema(example = json!({
        "2024-01-15": [{"start": "2024-01-15T10:00:00+01:00", "end": "2024-01-15T10:50:00+01:00"}],
    }))]
    slots: BTreeMap<String, Vec<SlotBody>>,
    /// Start of the first available slot at or after the start of the range, even after its end; null if there is none
    /// at all.
    #[schema(required = true, format = DateTime, example = "2024-01-15T10:00:00+01:00")]
    next_available: Option<String>,
}

/// An instant as local time with its UTC offset.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// One end of the range.
#[derive(Clone, Copy)]
enum End {
    Date(Date),
    Instant(Timestamp),
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AvailabilityQuery {
    /// Service ID; defaults to the practice's first service.
    #[param(value_type = Option<i64>, minimum = 1)]
    service_id: Option<ServiceId>,
    /// Therapist ID; defaults to the practice's first therapist.
    #[param(value_type = Option<i64>, minimum = 1)]
    therapist_id: Option<UserId>,
    /// Start of the range: a date in the requested time zone, or an RFC 3339 timestamp. Defaults to today.
    #[param(value_type = Option<String>, example = "2024-01-15")]
    from: Option<End>,
    /// End of the range: a date (inclusive), or a timestamp before which the appointments start. Defaults to one week;
    /// 31 days at most.
    #[param(value_type = Option<String>, example = "2024-01-21")]
    to: Option<End>,
    /// IANA time zone of the dates and times in the response; defaults to the practice's time zone.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    timezone: Option<TimeZoneName>,
}

impl FromFields for AvailabilityQuery {
    fn read(fields: &mut Fields) -> Option<Self> {
        let service_id = fields.whole("service_id", ServiceId::new);
        let therapist_id = fields.whole("therapist_id", UserId::new);
        let (from, to) = (end(fields, "from"), end(fields, "to"));
        if let (Some(End::Date(_)), Some(End::Instant(_))) | (Some(End::Instant(_)), Some(End::Date(_))) = (from, to) {
            fields.wrong("to", Code::RangeMixed);
        }
        let timezone = fields.optional("timezone", timezone);
        Some(Self { service_id, therapist_id, from, to, timezone })
    }
}

fn end(fields: &mut Fields, name: &str) -> Option<End> {
    let text = fields.optional(name, |text| Ok((!text.is_empty()).then(|| text.to_owned())))?;
    let end = date(&text).map(End::Date).or_else(|_| instant(&text).map(End::Instant)).ok();
    if end.is_none() {
        let message = "It must be a date like 2024-01-15, or a timestamp like 2024-01-15T10:00:00Z, with `Z` or an \
                       offset, whose `+` is written `%2B` in a query.";
        fields.wrong_because(name, Code::InvalidTimestamp, message);
    }
    end
}

impl AvailabilityQuery {
    fn range(&self, now: Timestamp, zone: &TimeZone) -> Result<SlotQuery, RangeError> {
        match (self.from, self.to) {
            (Some(End::Instant(from)), to) => {
                let until = match to {
                    Some(End::Instant(to)) => to,
                    Some(End::Date(_)) | None => later(from, DEFAULT_DAYS + 1),
                };
                SlotQuery::new(from, until, zone.clone())
            }
            (None, Some(End::Instant(to))) => SlotQuery::new(now, to, zone.clone()),
            (from, to) => {
                let first = match from {
                    Some(End::Date(first)) => first,
                    Some(End::Instant(_)) | None => zone.to_datetime(now).date(),
                };
                let last = match to {
                    Some(End::Date(last)) => last,
                    Some(End::Instant(_)) | None => first.saturating_add(DEFAULT_DAYS.days()),
                };
                SlotQuery::of_dates(first, last, zone.clone())
            }
        }
    }
}

fn later(from: Timestamp, days: i64) -> Timestamp {
    from.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX)
}

/// List available slots
///
/// Returns the available slots of one therapist for one service, in the requested time zone, whatever the time zone of
/// the working hours. The `start` of a slot can be sent as `scheduled_at` unchanged. Slots are not reserved: another
/// client may book one first.
#[utoipa::path(
    get, path = "/api/availability", operation_id = "listAvailableSlots", tag = "Bookings",
    params(AvailabilityQuery),
    responses((status = 200, description = "The available slots", body = Availability))
)]
pub(crate) async fn show(state: Data<State>, request: Request) -> HandlerResult {
    state.limiter.availability(request.address())?;
    let query: AvailabilityQuery = request.query()?;
    let availability = &state.api.use_cases.availability;
    let name = match query.timezone.clone() {
        Some(name) => name,
        None => state.api.use_cases.practice.load().await?.time_zone.clone(),
    };
    let zone =
        availability.calendars.zones.find(&name).ok_or_else(|| Problem::field("timezone", Code::InvalidTimezone))?;
    let range = query.range(state.api.clock.now(), &zone)?;
    let found = availability.run(query.service_id, query.therapist_id, &range).await?;
    let day = |(date, slots): (Date, Vec<Slot>)| {
        (date.to_string(), slots.into_iter().map(|slot| SlotBody::new(slot, &zone)).collect())
    };
    Ok(HttpResponse::Ok().json(Availability {
        timezone: zone.iana_name().unwrap_or(name.as_str()).to_owned(),
        slots: found.slots.into_iter().map(day).collect(),
        next_available: found.next_available.map(|at| local(at, &zone)),
    }))
}
