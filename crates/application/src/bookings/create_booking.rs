//! Creates a booking, for the user or on behalf of a client.

use std::sync::Arc;

use attune_domain::booking::{BookError, NewBooking, PaymentPlan};
use attune_domain::calendar::{AppointmentLength, RuleOverride, SlotError};
use attune_domain::notification::{
    NewNotification, NotificationKind, payment_notification, payment_request_notifications,
};
use attune_domain::{
    Booking, BookingEvent, BookingId, BookingStatus, ChangeTerms, Money, Role, SeriesId, Service, ServiceId, User,
    UserId,
};
use attune_ports::{Clock, Conflict, Payment, PaymentTerms, PriceError, Provider, Store, StoreError, UnitOfWork};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::expire_holds::ExpireHolds;
use super::therapist_calendar::{CalendarLoader, SlotRequest, TherapistCalendar};
use crate::RequestMetadata;
use crate::audit::AuditContext;
use crate::idempotency::{self, Found, Idempotent, IdempotentRequest};
use crate::lifecycle::{BookingLifecycle, SlotAvailability, claim_slot};
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
    /// For therapists only: the client is asked by email to pay online, and the slot is held for days.
    Requested,
}

/// It has no price and no end, because the practice decides both. `Debug` hides what was written.
#[derive(Clone, derive_more::Debug)]
pub struct CreateBookingCommand {
    pub client: UserId,
    /// The client, or a therapist on behalf of the client.
    pub booked_by: UserId,
    /// As whom. Therapists can also book services that are not active.
    pub role: Role,
    pub scheduled_at: Timestamp,
    /// The practice's first active service if absent.
    pub service: Option<ServiceId>,
    /// The practice's first therapist if absent.
    pub therapist: Option<UserId>,
    #[debug(skip)]
    pub note: Option<String>,
    #[debug(skip)]
    pub payment: PaymentChoice,
    /// Decimal digits in the currency of the service, instead of its price; for therapists only.
    pub amount: Option<String>,
    /// Whether the session has taken place; for therapists only. It is entered as completed, and no one gets an email.
    pub has_taken_place: bool,
    /// Whether to ignore working hours and booking rules; for therapists only.
    pub override_hours: bool,
    pub metadata: RequestMetadata,
    pub idempotency: Option<IdempotentRequest>,
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
    #[error("no provider collects online")]
    NotOnline,
    #[error("the session starts too soon to wait for a payment")]
    NoTimeToPay,
    #[error("the slot is taken")]
    SlotTaken,
    #[error("the client holds the slot already")]
    HoldExists { booking: BookingId },
    #[error("there is no such service")]
    UnknownService,
    #[error("the amount is not valid in the currency of the service")]
    Amount,
    #[error(transparent)]
    Price(#[from] PriceError),
    /// The session has taken place, so it is too late for the provider.
    #[error("the payment of a session that has taken place is not settled")]
    NotSettled,
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
    /// How long the slot is held for a client who is asked to pay.
    pub invite_hold: SignedDuration,
    pub holds: ExpireHolds,
}

/// A single booking to create, alone or in a series, with all defaults resolved.
pub(crate) struct BookingRequest<'a> {
    pub(crate) command: &'a CreateBookingCommand,
    pub(crate) therapist: &'a User,
    pub(crate) service: &'a Service,
    pub(crate) calendar: &'a TherapistCalendar,
    pub(crate) series: Option<SeriesId>,
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
        let (found, service) = self.check_request(&mut *work, command, therapist).await?;
        let request = BookingRequest {
            command,
            therapist: &found,
            service: &service,
            calendar,
            series: None,
            scheduled_at: command.scheduled_at,
            now,
        };
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

    /// The therapist and the service, if both and the client can be booked.
    pub(crate) async fn check_request(
        &self,
        work: &mut dyn UnitOfWork,
        command: &CreateBookingCommand,
        therapist: UserId,
    ) -> Result<(User, Service), CreateBookingError> {
        work.user(command.client).await?.filter(|u| !u.disabled).ok_or(CreateBookingError::UnknownClient)?;
        let therapist = work.user(therapist).await?.filter(|u| u.role == Role::Admin && !u.disabled);
        let therapist = therapist.ok_or(CreateBookingError::UnknownTherapist)?;
        let service = match command.service {
            Some(id) => {
                let service = work.service(id).await?.filter(|service| service.active || command.role == Role::Admin);
                service.ok_or(CreateBookingError::UnknownService)
            }
            None => work.default_service().await?.ok_or(CreateBookingError::PracticeNotConfigured),
        }?;
        Ok((therapist, service))
    }

    /// The new booking, before the calendar is checked.
    pub(crate) fn create(
        &self,
        id: BookingId,
        request: &BookingRequest<'_>,
    ) -> Result<(Booking, BookingEvent), CreateBookingError> {
        let BookingRequest { command, therapist, service, calendar, series, scheduled_at, now } = request;
        let terms: ChangeTerms = calendar.terms;
        let price = self.price(request)?;
        let payment = match (&command.payment, self.checkout.gateway.terms()) {
            _ if price.is_zero() => PaymentPlan::NotRequired(self.lifecycle.new_room()),
            (PaymentChoice::Waived, _)
            | (PaymentChoice::ByProvider | PaymentChoice::Requested, PaymentTerms::NothingDue) => {
                PaymentPlan::NotRequired(self.lifecycle.new_room())
            }
            (PaymentChoice::PaidOffline { .. }, _) => PaymentPlan::Due { hold_until: *scheduled_at },
            (PaymentChoice::ByProvider, PaymentTerms::Due { hold }) => {
                PaymentPlan::Due { hold_until: now.saturating_add(hold).unwrap_or(Timestamp::MAX) }
            }
            (PaymentChoice::Requested, PaymentTerms::Due { .. })
                if !self.checkout.gateway.provider().has_checkout_page() =>
            {
                return Err(CreateBookingError::NotOnline);
            }
            (PaymentChoice::Requested, PaymentTerms::Due { .. }) => {
                let until = now.saturating_add(self.invite_hold).unwrap_or(Timestamp::MAX);
                let notice = SignedDuration::from_mins(calendar.rules.settings().notice_minutes.into());
                let hold_until = until.min(scheduled_at.saturating_sub(notice).unwrap_or(*now));
                if hold_until <= *now && *scheduled_at > *now {
                    return Err(CreateBookingError::NoTimeToPay);
                }
                PaymentPlan::Due { hold_until }
            }
        };
        let new = NewBooking {
            id,
            client: command.client,
            therapist: therapist.id,
            service: service.id,
            series: *series,
            scheduled_at: *scheduled_at,
            minutes: service.minutes,
            buffer_minutes: service.buffer_minutes,
            price,
            note: command.note.clone(),
            terms,
            payment,
        };
        if command.has_taken_place {
            let is_paid = matches!(command.payment, PaymentChoice::PaidOffline { .. });
            if matches!(payment, PaymentPlan::Due { .. }) && !is_paid {
                return Err(CreateBookingError::NotSettled);
            }
            return Ok(Booking::enter_past(new, self.lifecycle.new_room(), is_paid, *now)?);
        }
        let (booking, event) = Booking::book(new, *now)?;
        match command.payment {
            PaymentChoice::PaidOffline { .. } if booking.status() == BookingStatus::PendingPayment => {
                // It starts in the future, so it can be paid.
                let paid = booking.payment_succeeded(self.lifecycle.new_room(), *now);
                paid.map_err(|error| CreateBookingError::Store(StoreError::Failed(error.into())))
            }
            PaymentChoice::PaidOffline { .. }
            | PaymentChoice::ByProvider
            | PaymentChoice::Waived
            | PaymentChoice::Requested => Ok((booking, event)),
        }
    }

    /// The price of the service, or the amount that a therapist has set.
    fn price(&self, request: &BookingRequest<'_>) -> Result<Money, CreateBookingError> {
        let BookingRequest { command, service, .. } = request;
        let Some(digits) = &command.amount else { return Ok(service.price) };
        let amount = Money::parse_decimal(digits, service.price.currency()).map_err(|_| CreateBookingError::Amount)?;
        let is_collected = matches!(command.payment, PaymentChoice::ByProvider | PaymentChoice::Requested);
        if is_collected && !amount.is_zero() {
            self.checkout.gateway.check_price(amount)?;
        }
        Ok(amount)
    }

    /// Whether working hours, rules and other bookings allow it. For a session that has taken place, only other bookings
    /// count.
    pub(crate) async fn check(
        &self,
        work: &mut dyn UnitOfWork,
        request: &BookingRequest<'_>,
        booking: &Booking,
    ) -> Result<(), CreateBookingError> {
        let length = AppointmentLength::try_from(request.service).map_err(|error| StoreError::Corrupt(error.into()))?;
        let rules = if request.command.override_hours { RuleOverride::PracticeRules } else { RuleOverride::Grid };
        let slot = SlotRequest {
            therapist: request.therapist.id,
            starts_at: booking.scheduled_at(),
            length,
            rescheduled: None,
            now: request.now,
        };
        if !request.command.has_taken_place {
            request.calendar.check(work, &slot, rules).await??;
        }
        match claim_slot(work, booking, self.holds.instant(request.now)).await? {
            SlotAvailability::Free => Ok(()),
            SlotAvailability::HeldByClient(booking) => Err(CreateBookingError::HoldExists { booking }),
            SlotAvailability::Taken => Err(CreateBookingError::SlotTaken),
        }
    }

    /// How the client learns of the hold. One who books online is already on the way to the checkout.
    fn emails_about_hold(
        &self,
        booking: &Booking,
        command: &CreateBookingCommand,
        now: Timestamp,
    ) -> Vec<NewNotification> {
        if command.payment == PaymentChoice::Requested {
            payment_request_notifications(booking, now)
        } else if self.checkout.gateway.provider() == Provider::Offline {
            vec![payment_notification(booking, NotificationKind::PaymentInstructions, now)]
        } else {
            Vec::new()
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
        let audit = AuditContext::new(Some(command.booked_by), &command.metadata, *now);
        self.lifecycle.follow_up_with(work, &booking, event, Some(request.therapist), &audit).await?;
        if event == BookingEvent::Held {
            work.enqueue(&self.emails_about_hold(&booking, command, *now)).await?;
        }
        if let (PaymentChoice::PaidOffline { method, memo }, false) = (&command.payment, booking.price().is_zero()) {
            let settlement = Settlement { lifecycle: &self.lifecycle, audit };
            settlement.record_offline_payment(work, &booking, booking.price(), method.clone(), memo.clone()).await?;
            if !command.has_taken_place {
                settlement.notify(work, &booking, NotificationKind::Receipt).await?;
            }
        }
        Ok(booking)
    }
}
