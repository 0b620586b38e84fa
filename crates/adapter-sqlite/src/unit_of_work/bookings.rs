//! Services and bookings, inside a unit of work.

use async_trait::async_trait;
use attune_domain::{Booking, BookingId, BookingStatus, PaymentStatus, Service, ServiceId, UserId};
use attune_ports::{Bookings, NewService, Services, StoreError};
use attune_sql::schema::{bookings, services};
use attune_sql::{BookingRow, MINUTE, NewServiceRow, ServiceChanges, ServiceRow, begins_after, millis};
use diesel::dsl::{sql, sql_query};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use jiff::Timestamp;

use super::SqliteUnitOfWork;
use crate::error::{identity, one_row, store_error};

/// In the states that take up time.
pub(crate) const BLOCKS_CALENDAR: &str = "status IN ('pending_payment', 'scheduled', 'completed', 'no_show')";

/// Spelled like the condition of the index `bookings_holds`, or SQLite could not use it.
const IS_HELD: &str = "status = 'pending_payment'";

#[derive(QueryableByName)]
struct LastBookingId {
    #[diesel(sql_type = BigInt)]
    last: i64,
}

#[async_trait]
impl Services for SqliteUnitOfWork {
    async fn add_service(&mut self, service: &NewService) -> Result<ServiceId, StoreError> {
        let row = NewServiceRow::from(service);
        self.call(move |connection| {
            let id = diesel::insert_into(services::table)
                .values(row)
                .returning(services::id)
                .get_result(connection)
                .map_err(store_error)?;
            identity(ServiceId::new(id))
        })
        .await
    }

    async fn service(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.call(move |connection| {
            services::table
                .find(id.get())
                .select(ServiceRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(Service::try_from)
                .transpose()
        })
        .await
    }

    /// The transaction is the only one that writes, so every row is held already.
    async fn service_for_change(&mut self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.service(id).await
    }

    async fn save_service(&mut self, service: &Service) -> Result<(), StoreError> {
        let (id, changes) = (service.id.get(), ServiceChanges::from(service));
        self.call(move |connection| {
            let changed =
                diesel::update(services::table.find(id)).set(changes).execute(connection).map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    async fn default_service(&mut self) -> Result<Option<Service>, StoreError> {
        self.call(|connection| {
            services::table
                .filter(services::active)
                .order(services::id)
                .select(ServiceRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(Service::try_from)
                .transpose()
        })
        .await
    }
}

#[async_trait]
impl Bookings for SqliteUnitOfWork {
    async fn next_booking_id(&mut self) -> Result<BookingId, StoreError> {
        self.call(|connection| {
            let LastBookingId { last } = sql_query("UPDATE booking_ids SET last = last + 1 RETURNING last")
                .get_result(connection)
                .map_err(store_error)?;
            identity(BookingId::new(last))
        })
        .await
    }

    /// Nothing to do: `BEGIN IMMEDIATE` is the lock. It holds every calendar, and it is taken before anything is read.
    async fn lock_calendar(&mut self, _therapist: UserId) -> Result<(), StoreError> {
        self.call(|_| Ok(())).await
    }

    async fn blocking_bookings(
        &mut self,
        therapist: UserId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Booking>, StoreError> {
        self.call(move |connection| {
            bookings::table
                .filter(bookings::therapist_id.eq(therapist.get()))
                .filter(sql::<Bool>(BLOCKS_CALENDAR))
                .filter(bookings::scheduled_at.gt(begins_after(from)))
                .filter(bookings::scheduled_at.lt(millis(until)))
                .filter(bookings::blocked_until.gt(millis(from)))
                .order(bookings::scheduled_at)
                .select(BookingRow::as_select())
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(Booking::try_from)
                .collect()
        })
        .await
    }

    async fn add_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        let row = BookingRow::from(booking);
        self.call(move |connection| {
            diesel::insert_into(bookings::table).values(row).execute(connection).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    /// The transaction is the only one that writes, so the row is held already.
    async fn booking(&mut self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.call(move |connection| {
            bookings::table
                .find(id.get())
                .select(BookingRow::as_select())
                .first(connection)
                .optional()
                .map_err(store_error)?
                .map(Booking::try_from)
                .transpose()
        })
        .await
    }

    async fn save_booking(&mut self, booking: &Booking) -> Result<(), StoreError> {
        let (id, version, row) = (booking.id().get(), i64::from(booking.version()), BookingRow::from(booking));
        self.call(move |connection| {
            let before = bookings::table.find(id).filter(bookings::version.eq(version - 1));
            let changed = diesel::update(before).set(row).execute(connection).map_err(store_error)?;
            one_row(changed)
        })
        .await
    }

    async fn ended_bookings(&mut self, until: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.call(move |connection| {
            bookings::table
                .filter(bookings::status.eq(BookingStatus::Scheduled.as_str()))
                // Said twice: the first is what the index knows, the second is what is meant.
                .filter(bookings::scheduled_at.le(millis(until)))
                .filter((bookings::scheduled_at + bookings::minutes * MINUTE).le(millis(until)))
                .order((bookings::scheduled_at, bookings::id))
                .limit(i64::from(limit))
                .select(BookingRow::as_select())
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(Booking::try_from)
                .collect()
        })
        .await
    }

    async fn expired_holds(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.call(move |connection| {
            bookings::table
                .filter(sql::<Bool>(IS_HELD))
                .filter(bookings::payment_status.ne(PaymentStatus::Processing.as_str()))
                .filter(bookings::hold_expires_at.le(millis(now)))
                .order((bookings::hold_expires_at, bookings::id))
                .limit(i64::from(limit))
                .select(BookingRow::as_select())
                .load(connection)
                .map_err(store_error)?
                .into_iter()
                .map(Booking::try_from)
                .collect()
        })
        .await
    }
}
