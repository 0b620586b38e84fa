//! A client books a session, or a therapist books one for a client.

use std::fmt;
use std::sync::Arc;

use attune_domain::booking::{BookError, NewBooking, PaymentPlan};
use attune_domain::calendar::{AppointmentLength, RuleOverride, SlotError};
use attune_domain::{Booking, BookingEvent, BookingId, BookingStatus, ChangeTerms, Role, Service, ServiceId, UserId};
use attune_ports::{Clock, Conflict, Payment, PaymentTerms, Store, StoreError, UnitOfWork};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::expire_holds::ExpireHolds;
use super::therapist_calendar::{CalendarLoader, SlotRequest, TherapistCalendar};
use crate::RequestMetadata;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::{AuditContext, BookingLifecycle, SlotAvailability, claim_slot};
use crate::payments::{OpenCheckout, Settlement};

/// How the price of a session is settled.
#[derive(Clone, PartialEq, Eq)]
pub enum PaymentChoice {
    ByProvider,
    /// For therapists only.
    PaidOffline {
        /// How: `cash`, `bank_transfer`, …
        method: String,
        /// The practice's own note.
        memo: Option<String>,
    },
    /// For therapists only.
    Waived,
}

/// The session wanted. There is no price and no end in it: both are the practice's. `Debug` hides the note.
#[derive(Clone)]
pub struct CreateBookingCommand {
    pub client: UserId,
    /// The client, or a therapist on behalf of the client.
    pub booked_by: UserId,
    pub scheduled_at: Timestamp,
    /// The practice's first active service if absent.
    pub service: Option<ServiceId>,
    /// The practice's first therapist if absent.
    pub therapist: Option<UserId>,
    pub note: Option<String>,
    pub payment: PaymentChoice,
    /// Whether to ignore working hours and booking rules; for therapists only.
    pub override_hours: bool,
    pub metadata: RequestMetadata,
    pub idempotency: Option<IdempotentRequest>,
}

impl fmt::Debug for CreateBookingCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateBookingCommand")
            .field("client", &self.client)
            .field("booked_by", &self.booked_by)
            .field("scheduled_at", &self.scheduled_at)
            .field("service", &self.service)
            .field("therapist", &self.therapist)
            .finish_non_exhaustive()
    }
}

/// A booking just made.
#[derive(Debug)]
pub struct CreatedBooking {
    pub booking: Booking,
    /// Where to pay, if a payment is due and the provider answered.
    pub checkout: Option<Payment>,
}

/// Why there is no booking.
#[derive(Debug, Error)]
pub enum CreateBookingError {
    #[error(transparent)]
    Rule(#[from] BookError),
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error("the slot is taken")]
    SlotTaken,
    #[error("the client holds the slot already")]
    HoldExists {
        /// Which booking.
        booking: BookingId,
    },
    #[error("there is no such service")]
    UnknownService,
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("the lifecycle takes no bookings yet")]
    NotOpen,
    #[error("the account is closed")]
    UnknownClient,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for CreateBookingError {
    fn from(error: StoreError) -> Self {
        if error.is_conflict(Conflict::SlotTaken) { Self::SlotTaken } else { Self::Store(error) }
    }
}

crate::retry::contended_through_store!(CreateBookingError);

/// PaymentLedger sessions.
#[derive(Clone)]
pub struct CreateBooking {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub rules: CalendarLoader,
    pub checkout: OpenCheckout,
    pub holds: ExpireHolds,
}

/// What is to be booked, with everything that was left out filled in. One of a series, or the only one.
pub(crate) struct Ask<'a> {
    pub(crate) command: &'a CreateBookingCommand,
    pub(crate) therapist: UserId,
    pub(crate) service: &'a Service,
    pub(crate) loaded: &'a TherapistCalendar,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) now: Timestamp,
}

impl CreateBooking {
    /// PaymentLedger the session: agreed at once when nothing is due, otherwise held until it is paid.
    pub async fn run(&self, command: CreateBookingCommand) -> Result<Idempotent<CreatedBooking>, CreateBookingError> {
        // Hours and rules are read before anything is locked: whoever changes them at this moment changes what comes next.
        let (therapist, loaded) = self.calendar(command.therapist).await?;
        let attempt = || crate::retry::retrying(|| self.attempt(&command, therapist, &loaded));
        let granted = match attempt().await {
            Err(CreateBookingError::SlotTaken | CreateBookingError::HoldExists { .. })
                if self.clear(therapist, &command).await? =>
            {
                attempt().await?
            }
            other => other?,
        };
        let (booking, begun) = match granted {
            Idempotent::Executed(placed) => placed,
            Idempotent::Replayed(replay) => return Ok(Idempotent::Replayed(replay)),
        };
        self.lifecycle.waker.wake();
        let checkout = match begun {
            // The booking stands, whatever the payment provider says; the client can ask for the checkout again.
            Some(begun) => {
                let opened = self.checkout.finish(begun).await;
                opened
                    .map_err(|error| tracing::warn!(booking = %booking.id(), %error, "no checkout for a new booking"))
                    .ok()
            }
            None => None,
        };
        Ok(Idempotent::Executed(CreatedBooking { booking, checkout }))
    }

    /// Whether an expired hold blocked the requested slot and was released.
    async fn clear(&self, therapist: UserId, command: &CreateBookingCommand) -> Result<bool, StoreError> {
        let services = self.rules.queries.services().await?;
        let mut requested = services.iter().filter(|s| command.service.is_none_or(|id| s.id == id));
        let Some(service) = requested.next() else { return Ok(false) };
        let length = SignedDuration::from_mins(i64::from(service.minutes) + i64::from(service.buffer_minutes));
        let from = command.scheduled_at;
        self.holds.clear(therapist, from, from.saturating_add(length).unwrap_or(Timestamp::MAX)).await
    }

    /// Whose calendar it is about, and what is written in it.
    pub(crate) async fn calendar(
        &self,
        therapist: Option<UserId>,
    ) -> Result<(UserId, TherapistCalendar), CreateBookingError> {
        let therapist = match therapist {
            Some(id) => id,
            None => self.rules.queries.default_therapist().await?.ok_or(CreateBookingError::NotOpen)?,
        };
        Ok((therapist, self.rules.of(therapist).await?))
    }

    async fn attempt(
        &self,
        command: &CreateBookingCommand,
        therapist: UserId,
        loaded: &TherapistCalendar,
    ) -> Result<Idempotent<(Booking, Option<Payment>)>, CreateBookingError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // A retry is replayed even if the slot could not be booked by now.
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(CreateBookingError::KeyReused),
        }
        let service = self.people_and_service(&mut *work, command, therapist).await?;
        let ask = Ask { command, therapist, service: &service, loaded, scheduled_at: command.scheduled_at, now };
        // Refused before anybody has to wait for the calendar.
        let id = work.next_booking_id().await?;
        let made = self.make(id, &ask)?;
        // From here on the decision rests on the calendar, so nobody else may change it. People and services are read
        // before: many who want one slot then wait for each other only as long as it takes to look at it.
        work.lock_calendar(therapist).await?;
        self.check(&mut *work, &ask, &made.0).await?;
        let booking = self.place(&mut *work, &ask, made).await?;
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        let begun = if booking.status() == BookingStatus::PendingPayment {
            self.checkout.begin(&mut *work, &booking, now).await?
        } else {
            None
        };
        work.commit().await?;
        Ok(Idempotent::Executed((booking, begun)))
    }

    /// Whether everybody who takes part is there, and what is booked.
    pub(crate) async fn people_and_service(
        &self,
        work: &mut dyn UnitOfWork,
        command: &CreateBookingCommand,
        therapist: UserId,
    ) -> Result<Service, CreateBookingError> {
        work.user(command.client).await?.filter(|u| !u.disabled).ok_or(CreateBookingError::UnknownClient)?;
        work.user(therapist)
            .await?
            .filter(|u| u.role == Role::Admin && !u.disabled)
            .ok_or(CreateBookingError::UnknownTherapist)?;
        match command.service {
            Some(id) => work.service(id).await?.filter(|s| s.active).ok_or(CreateBookingError::UnknownService),
            None => work.default_service().await?.ok_or(CreateBookingError::NotOpen),
        }
    }

    /// The booking as it would be, before anybody looked at the calendar.
    pub(crate) fn make(&self, id: BookingId, ask: &Ask<'_>) -> Result<(Booking, BookingEvent), CreateBookingError> {
        let Ask { command, therapist, service, loaded, scheduled_at, now } = ask;
        let terms: ChangeTerms = loaded.terms;
        let payment = match (&command.payment, self.checkout.gateway.terms()) {
            _ if service.price.is_zero() => PaymentPlan::NotRequired(self.lifecycle.new_room()),
            (PaymentChoice::Waived, _) | (PaymentChoice::ByProvider, PaymentTerms::NothingDue) => {
                PaymentPlan::NotRequired(self.lifecycle.new_room())
            }
            (PaymentChoice::PaidOffline { .. }, _) => PaymentPlan::Due { hold_until: *scheduled_at },
            (PaymentChoice::ByProvider, PaymentTerms::Due { hold }) => {
                PaymentPlan::Due { hold_until: now.saturating_add(hold).unwrap_or(Timestamp::MAX) }
            }
        };
        let (booking, event) = Booking::book(
            NewBooking {
                id,
                client: command.client,
                therapist: *therapist,
                service: service.id,
                scheduled_at: *scheduled_at,
                minutes: service.minutes,
                buffer_minutes: service.buffer_minutes,
                price: service.price,
                note: command.note.clone(),
                terms,
                payment,
            },
            *now,
        )?;
        match command.payment {
            PaymentChoice::PaidOffline { .. } if booking.status() == BookingStatus::PendingPayment => {
                // It begins in the future, so it can be paid for.
                let paid = booking.payment_succeeded(self.lifecycle.new_room(), *now);
                paid.map_err(|error| CreateBookingError::Store(StoreError::Failed(error.into())))
            }
            PaymentChoice::PaidOffline { .. } | PaymentChoice::ByProvider | PaymentChoice::Waived => {
                Ok((booking, event))
            }
        }
    }

    /// Whether hours, rules and the other bookings allow it.
    pub(crate) async fn check(
        &self,
        work: &mut dyn UnitOfWork,
        ask: &Ask<'_>,
        booking: &Booking,
    ) -> Result<(), CreateBookingError> {
        let length = AppointmentLength::try_from(ask.service).map_err(|error| StoreError::Corrupt(error.into()))?;
        let rules = if ask.command.override_hours { RuleOverride::PracticeRules } else { RuleOverride::Grid };
        let request = SlotRequest {
            therapist: ask.therapist,
            starts_at: booking.scheduled_at(),
            length,
            rescheduled: None,
            now: ask.now,
        };
        ask.loaded.check(work, &request, rules).await??;
        match claim_slot(work, booking, ask.now).await? {
            SlotAvailability::Free => Ok(()),
            SlotAvailability::HeldByClient(booking) => Err(CreateBookingError::HoldExists { booking }),
            SlotAvailability::Taken => Err(CreateBookingError::SlotTaken),
        }
    }

    /// Keeps the booking, with what it owes.
    pub(crate) async fn place(
        &self,
        work: &mut dyn UnitOfWork,
        ask: &Ask<'_>,
        (booking, event): (Booking, BookingEvent),
    ) -> Result<Booking, CreateBookingError> {
        let Ask { command, now, .. } = ask;
        work.add_booking(&booking).await?;
        let by = AuditContext {
            actor: Some(command.booked_by),
            request_id: command.metadata.request_id.as_deref(),
            now: *now,
        };
        self.lifecycle.follow_up(work, &booking, event, &by).await?;
        if let (PaymentChoice::PaidOffline { method, memo }, false) = (&command.payment, booking.price().is_zero()) {
            let settlement = Settlement { lifecycle: &self.lifecycle, by };
            settlement.record_offline_payment(work, &booking, method.clone(), memo.clone()).await?;
        }
        Ok(booking)
    }
}
