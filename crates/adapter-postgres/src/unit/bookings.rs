//! Bookings.

use async_trait::async_trait;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, UserId};
use attune_ports::{Bookings, StoreError};
use attune_sql::schema::bookings;
use attune_sql::{BookingRow, MINUTE, begins_after, millis};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::PostgresUnit;
use crate::error::{identity, one_row};
use crate::sql::{calendar_lock, nextval};

/// Spelled like the condition of the index `bookings_holds`, and no parameter: a plan that is made for any status could
/// not use it.
const IS_HELD: &str = "status = 'pending_payment'";

#[async_trait]
impl Bookings for PostgresUnit {
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError> {
        self.call(async |mut c| {
            let id = diesel::select(nextval("booking_ids")).get_result(&mut c).await?;
            Ok(identity(BookingId::new(id))?)
        })
        .await
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
        let query = bookings::table
            .filter(bookings::therapist_id.eq(therapist.get()))
            .filter(bookings::status.eq_any(blocking.map(BookingStatus::as_str)))
            .filter(bookings::scheduled_at.gt(begins_after(from)))
            .filter(bookings::scheduled_at.lt(millis(until)))
            .filter(bookings::blocked_until.gt(millis(from)))
            .order(bookings::scheduled_at)
            .select(BookingRow::as_select());
        self.call(async |mut c| {
            let rows: Vec<BookingRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Booking::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        let row = BookingRow::from(booking);
        self.call(async |mut c| {
            diesel::insert_into(bookings::table).values(row).execute(&mut c).await?;
            Ok(())
        })
        .await
    }

    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        let query = bookings::table.find(id.get()).select(BookingRow::as_select()).for_no_key_update();
        self.call(async |mut c| {
            let row = query.first(&mut c).await.optional()?;
            Ok(row.map(Booking::try_from).transpose()?)
        })
        .await
    }

    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        let row = BookingRow::from(booking);
        let target =
            bookings::table.find(booking.id().get()).filter(bookings::version.eq(i64::from(booking.version()) - 1));
        self.call(async |mut c| Ok(one_row(diesel::update(target).set(row).execute(&mut c).await?)?)).await
    }

    async fn ended_bookings(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        let query = bookings::table
            .filter(bookings::status.eq(BookingStatus::Scheduled.as_str()))
            // Said twice: the first is what the index knows, the second is what is meant.
            .filter(bookings::scheduled_at.le(millis(until)))
            .filter((bookings::scheduled_at + bookings::minutes * MINUTE).le(millis(until)))
            .order((bookings::scheduled_at, bookings::id))
            .limit(i64::from(limit))
            .select(BookingRow::as_select())
            .for_no_key_update()
            .skip_locked();
        self.call(async |mut c| {
            let rows: Vec<BookingRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Booking::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn expired_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        let query = bookings::table
            .filter(sql::<Bool>(IS_HELD))
            .filter(bookings::payment_status.ne(PaymentStatus::Processing.as_str()))
            .filter(bookings::hold_expires_at.le(millis(now)))
            .order((bookings::hold_expires_at, bookings::id))
            .limit(i64::from(limit))
            .select(BookingRow::as_select())
            .for_no_key_update()
            .skip_locked();
        self.call(async |mut c| {
            let rows: Vec<BookingRow> = query.load(&mut c).await?;
            Ok(rows.into_iter().map(Booking::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }
}
