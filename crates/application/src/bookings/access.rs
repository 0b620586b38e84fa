//! Who may see a booking.

use std::sync::Arc;

use attune_domain::{Booking, BookingId, Role, User, UserId};
use attune_ports::{BookingView, Queries, StoreError};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum BookingAccessError {
    #[error("there is no such booking")]
    NotFound,
    #[error("the booking belongs to another client")]
    Forbidden,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Admins see every booking, clients only their own.
pub(crate) fn may_see(user: UserId, role: Role, booking: &Booking) -> bool {
    role == Role::Admin || booking.client() == user
}

#[derive(Clone)]
pub struct ViewBooking {
    pub queries: Arc<dyn Queries>,
}

impl ViewBooking {
    pub async fn run(&self, viewer: &User, booking: BookingId) -> Result<BookingView, BookingAccessError> {
        self.visible(viewer.id, viewer.role, booking).await
    }

    pub(super) async fn visible(
        &self,
        user: UserId,
        role: Role,
        booking: BookingId,
    ) -> Result<BookingView, BookingAccessError> {
        let view = self.queries.booking(booking).await?.ok_or(BookingAccessError::NotFound)?;
        if may_see(user, role, &view.booking) { Ok(view) } else { Err(BookingAccessError::Forbidden) }
    }
}
