use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, MeetingRoom, PaymentStatus, SeriesId, ServiceId,
    User, UserId,
};
use attune_ports::{BookingView, StoreError};
use diesel::prelude::*;

use super::calendars::terms;
use super::{FromRow, UserRow, instant, money};
use crate::map::{corrupt, from_millis, millis, number, sound};
use crate::schema::bookings;

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = bookings, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct BookingRow {
    pub(super) id: i64,
    pub(super) client_id: i64,
    pub(super) therapist_id: i64,
    pub(super) service_id: i64,
    pub(super) series_id: Option<i64>,
    pub(super) scheduled_at: i64,
    pub(super) minutes: i64,
    pub(super) blocked_until: i64,
    pub(super) status: String,
    pub(super) payment_status: String,
    pub(super) price_minor: i64,
    pub(super) currency: String,
    pub(super) room_id: Option<String>,
    pub(super) room_url: Option<String>,
    pub(super) hold_expires_at: Option<i64>,
    pub(super) note: Option<String>,
    pub(super) cancelled_at: Option<i64>,
    pub(super) cancelled_by: Option<i64>,
    pub(super) cancelled_late: Option<bool>,
    pub(super) cancel_reason: Option<String>,
    pub(super) refund_minor: Option<i64>,
    pub(super) free_minutes: i64,
    pub(super) late_refund_percent: i64,
    pub(super) reschedule_minutes: i64,
    pub(super) grace_minutes: i64,
    pub(super) link_version: i64,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

impl From<&Booking> for BookingRow {
    fn from(booking: &Booking) -> Self {
        let cancellation = booking.cancellation();
        Self {
            id: booking.id().get(),
            client_id: booking.client().get(),
            therapist_id: booking.therapist().get(),
            service_id: booking.service().get(),
            series_id: booking.series().map(SeriesId::get),
            scheduled_at: millis(booking.scheduled_at()),
            minutes: i64::from(booking.minutes()),
            blocked_until: millis(booking.blocked_until()),
            status: booking.status().as_str().to_owned(),
            payment_status: booking.payment_status().as_str().to_owned(),
            price_minor: booking.price().minor(),
            currency: booking.price().currency().code().to_owned(),
            room_id: booking.room().map(|room| room.id().to_owned()),
            room_url: booking.room().map(|room| room.url().to_owned()),
            hold_expires_at: booking.hold_expires_at().map(millis),
            note: booking.note().map(str::to_owned),
            cancelled_at: cancellation.map(|c| millis(c.at)),
            cancelled_by: cancellation.map(|c| c.by.get()),
            cancelled_late: cancellation.map(|c| c.late),
            cancel_reason: cancellation.and_then(|c| c.reason.clone()),
            refund_minor: cancellation.map(|c| c.refund.minor()),
            free_minutes: i64::from(booking.terms().free_minutes),
            late_refund_percent: i64::from(booking.terms().late_refund_percent),
            reschedule_minutes: i64::from(booking.terms().reschedule_minutes),
            grace_minutes: i64::from(booking.terms().grace_minutes),
            link_version: i64::from(booking.link_version()),
            version: i64::from(booking.version()),
            created_at: millis(booking.created_at()),
            updated_at: millis(booking.updated_at()),
        }
    }
}

impl FromRow for Booking {
    type Row = BookingRow;

    fn from_row(row: BookingRow) -> Result<Self, StoreError> {
        let room = match (row.room_id, row.room_url) {
            (Some(id), Some(url)) => Some(sound(MeetingRoom::restore(id, url).ok(), "bookings.room_id")?),
            (None, None) => None,
            _ => return Err(corrupt("bookings.room_url")),
        };
        let cancellation = match (row.cancelled_at, row.cancelled_by, row.cancelled_late, row.refund_minor) {
            (Some(at), Some(by), Some(late), Some(refund)) => Some(Cancellation {
                at: from_millis(at)?,
                by: sound(UserId::new(by), "bookings.cancelled_by")?,
                late,
                reason: row.cancel_reason,
                refund: money(refund, &row.currency)?,
            }),
            (None, None, None, None) => None,
            _ => return Err(corrupt("bookings.cancelled_at")),
        };
        Self::restore(BookingRecord {
            id: sound(BookingId::new(row.id), "bookings.id")?,
            client: sound(UserId::new(row.client_id), "bookings.client_id")?,
            therapist: sound(UserId::new(row.therapist_id), "bookings.therapist_id")?,
            service: sound(ServiceId::new(row.service_id), "bookings.service_id")?,
            series: row.series_id.map(|id| sound(SeriesId::new(id), "bookings.series_id")).transpose()?,
            scheduled_at: from_millis(row.scheduled_at)?,
            minutes: number(row.minutes)?,
            blocked_until: from_millis(row.blocked_until)?,
            status: sound(BookingStatus::parse(&row.status), "bookings.status")?,
            payment_status: sound(PaymentStatus::parse(&row.payment_status), "bookings.payment_status")?,
            price: money(row.price_minor, &row.currency)?,
            room,
            hold_expires_at: instant(row.hold_expires_at)?,
            note: row.note,
            cancellation,
            terms: terms(row.free_minutes, row.grace_minutes, row.late_refund_percent, row.reschedule_minutes)?,
            link_version: number(row.link_version)?,
            version: number(row.version)?,
            created_at: from_millis(row.created_at)?,
            updated_at: from_millis(row.updated_at)?,
        })
        .map_err(|e| StoreError::Corrupt(e.into()))
    }
}

impl FromRow for BookingView {
    type Row = (BookingRow, UserRow);

    fn from_row((booking, client): Self::Row) -> Result<Self, StoreError> {
        Ok(Self { booking: Booking::from_row(booking)?, client: User::from_row(client)? })
    }
}
