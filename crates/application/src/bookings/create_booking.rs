//! Creates a booking, for the user or on behalf of a client.

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

#[derive(Clone, PartialEq, Eq)]
pub enum PaymentChoice {
    ByProvider,
    /// For therapists only.
    PaidOffline {
        /// `cash`, `bank_transfer`, …
        method: String,
        memo: Option<String>,
    },
    /// For therapists only.
    Waived,
}

/// It has no price and no end, because the practice decides both. `Debug` hides the note.
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

#[derive(Debug)]
pub struct CreatedBooking {
    pub booking: Booking,
    /// Present if a payment is due and the provider responded.
    pub checkout: Option<Payment>,
}

#[derive(Debug, Error)]
pub enum CreateBookingError {
    #[error(transparent)]
    Rule(#[from] BookError),
    #[error(transparent)]
    Slot(#[from] SlotError),
    #[error("the slot is taken")]
    SlotTaken,
    #[error("the client holds the slot already")]
    HoldExists { booking: BookingId },
    #[error("there is no such service")]
    UnknownService,
    #[error("there is no such therapist")]
    UnknownTherapist,
    #[error("the practice has no therapist or no service yet")]
    PracticeNotConfigured,
    #[error("the account is disabled")]
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

#[derive(Clone)]
pub struct CreateBooking {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: BookingLifecycle,
    pub calendars: CalendarLoader,
    pub checkout: OpenCheckout,
    pub holds: ExpireHolds,
}

/// A single booking to create, alone or in a series, with all defaults resolved.
pub(crate) struct BookingRequest<'a> {
    pub(crate) command: &'a CreateBookingCommand,
    pub(crate) therapist: UserId,
    pub(crate) service: &'a Service,
    pub(crate) calendar: &'a TherapistCalendar,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) now: Timestamp,
}

impl CreateBooking {
    /// Confirms the booking at once if no payment is due; otherwise its slot is held until it is paid.
    pub async fn run(&self, command: CreateBookingCommand) -> Result<Idempotent<CreatedBooking>, CreateBookingError> {
        // Working hours and rules are read without a lock: a concurrent change of them applies to later bookings only.
        let (therapist, calendar) = self.calendar(command.therapist).await?;
        let attempt = || crate::retry::retrying(|| self.attempt(&command, therapist, &calendar));
        let outcome = match attempt().await {
            Err(CreateBookingError::SlotTaken | CreateBookingError::HoldExists { .. })
                if self.clear(therapist, &command).await? =>
            {
                attempt().await?
            }
            other => other?,
        };
        let (booking, begun) = match outcome {
            Idempotent::Executed(created) => created,
            Idempotent::Replayed(replay) => return Ok(Idempotent::Replayed(replay)),
        };
        self.lifecycle.waker.wake();
        let checkout = match begun {
            // The booking is valid even if the provider fails; the client can open a checkout later.
            Some(begun) => {
                let opened = self.checkout.finish(begun).await;
                opened
                    .map_err(|error| tracing::warn!(booking = %booking.id(), %error, "checkout not opened for a new booking"))
                    .ok()
            }
            None => None,
        };
        Ok(Idempotent::Executed(CreatedBooking { booking, checkout }))
    }

    /// Whether an expired hold blocked the requested slot and was released.
    async fn clear(&self, therapist: UserId, command: &CreateBookingCommand) -> Result<bool, StoreError> {
        let services = self.calendars.queries.services().await?;
        let mut requested = services.iter().filter(|s| command.service.is_none_or(|id| s.id == id));
        let Some(service) = requested.next() else { return Ok(false) };
        let length = SignedDuration::from_mins(i64::from(service.minutes) + i64::from(service.buffer_minutes));
        let from = command.scheduled_at;
        self.holds.clear(therapist, from, from.saturating_add(length).unwrap_or(Timestamp::MAX)).await
    }

    /// The requested therapist, or the default one, and their calendar.
    pub(crate) async fn calendar(
        &self,
        therapist: Option<UserId>,
    ) -> Result<(UserId, TherapistCalendar), CreateBookingError> {
        let therapist = match therapist {
            Some(id) => id,
            None => {
                self.calendars.queries.default_therapist().await?.ok_or(CreateBookingError::PracticeNotConfigured)?
            }
        };
        Ok((therapist, self.calendars.load(therapist).await?))
    }

    async fn attempt(
        &self,
        command: &CreateBookingCommand,
        therapist: UserId,
        calendar: &TherapistCalendar,
    ) -> Result<Idempotent<(Booking, Option<Payment>)>, CreateBookingError> {
        let now = self.clock.now();
        let mut work = self.store.begin().await?;
        // A retry is replayed even if the slot could not be booked by now.
        match idempotency::find(&mut *work, command.idempotency.as_ref()).await? {
            Found::Nothing => {}
            Found::Replay(replay) => return Ok(Idempotent::Replayed(replay)),
            Found::KeyReused => return Err(CreateBookingError::KeyReused),
        }
        let service = self.check_users_and_find_service(&mut *work, command, therapist).await?;
        let request =
            BookingRequest { command, therapist, service: &service, calendar, scheduled_at: command.scheduled_at, now };
        // Invalid requests are rejected before they wait for the calendar lock.
        let id = work.next_booking_id().await?;
        let created = self.create(id, &request)?;
        // Users and services are read before the lock is taken, so that many requests for one slot hold it only briefly.
        work.lock_calendar(therapist).await?;
        self.check(&mut *work, &request, &created.0).await?;
        let booking = self.save(&mut *work, &request, created).await?;
        idempotency::record(&mut *work, command.idempotency.as_ref(), booking.id(), now).await?;
        let begun = if booking.status() == BookingStatus::PendingPayment {
            self.checkout.begin(&mut *work, &booking, now).await?
        } else {
            None
        };
        work.commit().await?;
        Ok(Idempotent::Executed((booking, begun)))
    }

    pub(crate) async fn check_users_and_find_service(
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
            None => work.default_service().await?.ok_or(CreateBookingError::PracticeNotConfigured),
        }
    }

    /// The new booking, before the calendar is checked.
    pub(crate) fn create(
        &self,
        id: BookingId,
        request: &BookingRequest<'_>,
    ) -> Result<(Booking, BookingEvent), CreateBookingError> {
        let BookingRequest { command, therapist, service, calendar, scheduled_at, now } = request;
        let terms: ChangeTerms = calendar.terms;
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
                // It starts in the future, so it can be paid.
                let paid = booking.payment_succeeded(self.lifecycle.new_room(), *now);
                paid.map_err(|error| CreateBookingError::Store(StoreError::Failed(error.into())))
            }
            PaymentChoice::PaidOffline { .. } | PaymentChoice::ByProvider | PaymentChoice::Waived => {
                Ok((booking, event))
            }
        }
    }

    /// Whether working hours, rules and other bookings allow it.
    pub(crate) async fn check(
        &self,
        work: &mut dyn UnitOfWork,
        request: &BookingRequest<'_>,
        booking: &Booking,
    ) -> Result<(), CreateBookingError> {
        let length = AppointmentLength::try_from(request.service).map_err(|error| StoreError::Corrupt(error.into()))?;
        let rules = if request.command.override_hours { RuleOverride::PracticeRules } else { RuleOverride::Grid };
        let slot = SlotRequest {
            therapist: request.therapist,
            starts_at: booking.scheduled_at(),
            length,
            rescheduled: None,
            now: request.now,
        };
        request.calendar.check(work, &slot, rules).await??;
        match claim_slot(work, booking, request.now).await? {
            SlotAvailability::Free => Ok(()),
            SlotAvailability::HeldByClient(booking) => Err(CreateBookingError::HoldExists { booking }),
            SlotAvailability::Taken => Err(CreateBookingError::SlotTaken),
        }
    }

    /// Stores the booking, its emails and its offline payment.
    pub(crate) async fn save(
        &self,
        work: &mut dyn UnitOfWork,
        request: &BookingRequest<'_>,
        (booking, event): (Booking, BookingEvent),
    ) -> Result<Booking, CreateBookingError> {
        let BookingRequest { command, now, .. } = request;
        work.add_booking(&booking).await?;
        let audit = AuditContext {
            actor: Some(command.booked_by),
            request_id: command.metadata.request_id.as_deref(),
            now: *now,
        };
        self.lifecycle.follow_up(work, &booking, event, &audit).await?;
        if let (PaymentChoice::PaidOffline { method, memo }, false) = (&command.payment, booking.price().is_zero()) {
            let settlement = Settlement { lifecycle: &self.lifecycle, audit };
            settlement.record_offline_payment(work, &booking, method.clone(), memo.clone()).await?;
        }
        Ok(booking)
    }
}
