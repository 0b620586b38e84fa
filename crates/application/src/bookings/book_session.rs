//! A client books a session.

use std::fmt;
use std::sync::Arc;

use attune_domain::booking::{BookError, BookingRequest, PaymentPlan};
use attune_domain::{Booking, Role, ServiceId, UserId};
use attune_ports::{Clock, Conflict, Payment, PaymentTerms, Store, StoreError};
use jiff::Timestamp;
use thiserror::Error;

use super::agree::{By, Practice, release_hold};
use crate::Origin;
use crate::payments::OpenCheckout;

/// The session wanted. There is no price and no end in it: both are the practice's. `Debug` hides the note.
#[derive(Clone)]
pub struct BookSessionCommand {
    /// Who comes.
    pub client: UserId,
    /// When it should begin.
    pub scheduled_at: Timestamp,
    /// What; the practice's first active service when left out.
    pub service: Option<ServiceId>,
    /// With whom; the practice's first therapist when left out.
    pub therapist: Option<UserId>,
    /// A word from the client.
    pub note: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

impl fmt::Debug for BookSessionCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BookSessionCommand")
            .field("client", &self.client)
            .field("scheduled_at", &self.scheduled_at)
            .field("service", &self.service)
            .field("therapist", &self.therapist)
            .finish_non_exhaustive()
    }
}

/// A booking just made.
#[derive(Debug)]
pub struct Placed {
    /// The booking.
    pub booking: Booking,
    /// Where to pay, when something is due and the provider answered. Otherwise it can be asked for again.
    pub checkout: Option<Payment>,
}

/// Why there is no booking.
#[derive(Debug, Error)]
pub enum BookSessionError {
    /// The time, the length or the note will not do.
    #[error(transparent)]
    Rule(#[from] BookError),
    /// The therapist is taken at that time.
    #[error("the slot is taken")]
    SlotTaken,
    /// No such service, or it cannot be booked any more.
    #[error("there is no such service")]
    UnknownService,
    /// No such therapist.
    #[error("there is no such therapist")]
    UnknownTherapist,
    /// The practice has no therapist or no service yet.
    #[error("the practice takes no bookings yet")]
    NotOpen,
    /// The client's account was closed in between.
    #[error("the account is closed")]
    UnknownClient,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for BookSessionError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotTaken } else { Self::Store(error) }
    }
}

crate::retry::contended_through_store!(BookSessionError);

/// Books sessions.
#[derive(Clone)]
pub struct BookSession {
    /// Where bookings are kept.
    pub store: Arc<dyn Store>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
    /// The practice's settings.
    pub practice: Practice,
    /// Opens checkouts when something is due.
    pub checkout: OpenCheckout,
}

impl BookSession {
    /// Books the session: agreed at once when nothing is due, otherwise held until it is paid.
    pub async fn run(&self, command: BookSessionCommand) -> Result<Placed, BookSessionError> {
        let booking = crate::retry::retrying(|| self.attempt(&command)).await?;
        self.practice.bell.ring();
        let checkout = if booking.room.is_none() {
            // The booking stands, whatever the payment provider says; the client can ask for the checkout again.
            self.checkout
                .run(booking.id, booking.client)
                .await
                .map_err(|error| {
                    tracing::warn!(booking = %booking.id, %error, "no checkout for a new booking");
                })
                .ok()
        } else {
            None
        };
        Ok(Placed { booking, checkout })
    }

    async fn attempt(&self, command: &BookSessionCommand) -> Result<Booking, BookSessionError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        let therapist = match command.therapist {
            Some(id) => id,
            None => work.default_therapist().await?.ok_or(BookSessionError::NotOpen)?,
        };
        work.user(command.client).await?.filter(|u| !u.disabled).ok_or(BookSessionError::UnknownClient)?;
        work.user(therapist)
            .await?
            .filter(|u| u.role == Role::Admin && !u.disabled)
            .ok_or(BookSessionError::UnknownTherapist)?;
        let service = match command.service {
            Some(id) => work.service(id).await?.filter(|s| s.active).ok_or(BookSessionError::UnknownService)?,
            None => work.default_service().await?.ok_or(BookSessionError::NotOpen)?,
        };
        let payment = match self.checkout.gateway.terms() {
            PaymentTerms::Due { hold } if !service.price.is_zero() => {
                PaymentPlan::Due { hold_until: now.saturating_add(hold).unwrap_or(Timestamp::MAX) }
            }
            PaymentTerms::Due { .. } | PaymentTerms::NothingDue => PaymentPlan::NotRequired(self.practice.new_room()),
        };
        let (booking, event) = Booking::book(
            BookingRequest {
                id: work.next_booking_id().await?,
                client: command.client,
                therapist,
                service: service.id,
                scheduled_at: command.scheduled_at,
                minutes: service.minutes,
                pause_minutes: service.pause_minutes,
                price: service.price,
                note: command.note.clone(),
                payment,
            },
            now,
        )?;
        // From here on the decision rests on the calendar, so nobody else may change it. People and services are read
        // before: many who want one slot then wait for each other only as long as it takes to look at it.
        work.lock_calendar(therapist).await?;
        for taken in work.blocking_bookings(therapist, booking.scheduled_at, booking.blocked_until).await? {
            // A hold that is over gives its slot back to whoever asks first, without waiting for the worker.
            if !release_hold(&mut *work, taken, now).await? {
                return Err(BookSessionError::SlotTaken);
            }
        }
        work.add_booking(&booking).await?;
        let by = By { actor: Some(command.client), request_id: command.origin.request_id.as_deref(), now };
        self.practice.follow_up(&mut *work, &booking, event, &by).await?;
        work.commit().await?;
        Ok(booking)
    }
}
