//! The upcoming bookings of a client, and their cancellation by the practice.

use std::sync::Arc;

use attune_domain::{Booking, BookingStatus, Role, UserId};
use attune_ports::{BookingFilter, BookingOrder, Clock, Queries, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::change::{Change, ChangeBooking, ChangeBookingCommand};
use super::change_error::ChangeBookingError;
use super::read_all::read_all;
use crate::RequestMetadata;
use crate::idempotency::Idempotent;

#[derive(Clone)]
pub struct UpcomingBookings {
    pub queries: Arc<dyn Queries>,
    pub clock: Arc<dyn Clock>,
    pub change_booking: ChangeBooking,
}

/// What became of the upcoming bookings of a client.
#[derive(Debug, Default)]
pub struct CancelledUpcoming {
    pub cancelled: Vec<Booking>,
    /// The bookings that could not be cancelled.
    pub failed: Vec<(Booking, ChangeBookingError)>,
}

impl UpcomingBookings {
    /// The unpaid and confirmed bookings of a client that have not ended, earliest first.
    pub async fn of(&self, client: UserId) -> Result<Vec<Booking>, StoreError> {
        let now = self.clock.now();
        let longest = SignedDuration::from_mins(i64::from(Booking::MAX_MINUTES));
        let from = now.saturating_sub(longest).unwrap_or(Timestamp::MIN);
        let order = BookingOrder::Earliest;
        let filter = BookingFilter { client: Some(client), from: Some(from), order, ..BookingFilter::default() };
        let mut upcoming = read_all(&*self.queries, &filter).await?;
        upcoming.retain(|booking| {
            matches!(booking.status(), BookingStatus::PendingPayment | BookingStatus::Scheduled)
                && booking.ends_at() > now
        });
        Ok(upcoming)
    }

    /// Cancels them as the practice: everything that was paid is refunded. Each is a unit of work of its own, so that one that
    /// cannot be cancelled does not keep the others. Repeating it cancels what is left.
    pub async fn cancel(
        &self,
        admin: UserId,
        client: UserId,
        metadata: &RequestMetadata,
    ) -> Result<CancelledUpcoming, StoreError> {
        let mut outcome = CancelledUpcoming::default();
        for booking in self.of(client).await? {
            let command = ChangeBookingCommand {
                actor: admin,
                role: Role::Admin,
                booking: booking.id(),
                change: Change::Cancel { reason: None, expected_refund: None },
                version: None,
                metadata: metadata.clone(),
                idempotency: None,
            };
            match self.change_booking.run_on(&booking, command).await {
                Ok(Idempotent::Executed(cancelled)) => outcome.cancelled.push(cancelled),
                // No idempotency key was given.
                Ok(Idempotent::Replayed(_)) => {}
                Err(error) => outcome.failed.push((booking, error)),
            }
        }
        Ok(outcome)
    }
}
