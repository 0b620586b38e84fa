//! Why a booking is not changed.

use attune_domain::booking::{BookError, ChangeError, RescheduleError};
use attune_domain::calendar::SlotError;
use attune_ports::{Conflict, StoreError};
use thiserror::Error;

use super::access::BookingAccessError;

#[derive(Debug, Error)]
pub enum ChangeBookingError {
    #[error("there is no such booking")]
    NotFound,
    #[error("the booking belongs to another client, or the change is for therapists")]
    Forbidden,
    #[error(transparent)]
    State(#[from] ChangeError),
    /// The new time is not possible for any booking.
    #[error(transparent)]
    Time(#[from] BookError),
    /// The new time is not possible in this practice.
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error("the slot is taken")]
    SlotTaken,
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("the booking was changed in the meantime")]
    VersionConflict,
    #[error("the refund differs from the expected one")]
    QuoteChanged,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ChangeBookingError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotTaken } else { Self::Store(error) }
    }
}

impl From<BookingAccessError> for ChangeBookingError {
    fn from(error: BookingAccessError) -> Self {
        match error {
            BookingAccessError::NotFound => Self::NotFound,
            BookingAccessError::Forbidden => Self::Forbidden,
            BookingAccessError::Store(error) => error.into(),
        }
    }
}

impl From<RescheduleError> for ChangeBookingError {
    fn from(error: RescheduleError) -> Self {
        match error {
            RescheduleError::State(why) => Self::State(why),
            RescheduleError::Time(why) => Self::Time(why),
        }
    }
}

crate::retry::contended_through_store!(ChangeBookingError);
