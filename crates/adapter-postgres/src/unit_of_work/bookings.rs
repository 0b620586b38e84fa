use async_trait::async_trait;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, UserId};
use attune_ports::{Bookings, StoreError};
use attune_sql::schema::{bookings, change_reasons};
use attune_sql::statements::{IS_HELD, bookings_within};
use attune_sql::{BookingRow, MINUTE, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use jiff::Timestamp;

use super::PostgresUnitOfWork;
use crate::functions::{calendar_lock, nextval};

#[async_trait]
impl Bookings for PostgresUnitOfWork {
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError> {
        self.returning(diesel::select(nextval("booking_ids"))).await
    }

    async fn lock_calendar(&mut self, therapist: UserId) -> Result<(), StoreError> {
        self.lock(&calendar_lock(therapist)).await
    }

    async fn blocking_bookings(
        &mut self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Booking>, StoreError> {
        let blocking = BookingStatus::ALL.into_iter().filter(|status| status.blocks_calendar());
        let blocking: Vec<_> = blocking.map(BookingStatus::as_str).collect();
        self.all(bookings_within(therapist, from, until).filter(bookings::status.eq_any(blocking))).await
    }

    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        self.change(diesel::insert_into(bookings::table).values(BookingRow::from(booking))).await
    }

    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.one(bookings::table.find(id.get()).for_no_key_update()).await
    }

    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        let before = i64::from(booking.version()) - 1;
        let target = bookings::table.find(booking.id().get()).filter(bookings::version.eq(before));
        self.change(diesel::update(target).set(BookingRow::from(booking))).await
    }

    async fn add_change_reason(&mut self, booking: BookingId, version: u32, reason: &str) -> Result<(), StoreError> {
        let row = (
            change_reasons::booking_id.eq(booking.get()),
            change_reasons::version.eq(i64::from(version)),
            change_reasons::reason.eq(reason.to_owned()),
        );
        self.change(diesel::insert_into(change_reasons::table).values(row)).await
    }

    async fn ended_bookings(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        let query = bookings::table
            .filter(bookings::status.eq(BookingStatus::Scheduled.as_str()))
            // Follows from the next condition, and lets the index be used.
            .filter(bookings::scheduled_at.le(millis(until)))
            .filter((bookings::scheduled_at + bookings::minutes * MINUTE).le(millis(until)))
            .order((bookings::scheduled_at, bookings::id))
            .limit(i64::from(limit))
            .for_no_key_update()
            .skip_locked();
        self.all(query).await
    }

    async fn expired_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        let query = bookings::table
            .filter(sql::<Bool>(IS_HELD))
            .filter(bookings::payment_status.ne(PaymentStatus::Processing.as_str()))
            .filter(bookings::hold_expires_at.le(millis(now)))
            .order((bookings::hold_expires_at, bookings::id))
            .limit(i64::from(limit))
            .for_no_key_update()
            .skip_locked();
        self.all(query).await
    }
}
