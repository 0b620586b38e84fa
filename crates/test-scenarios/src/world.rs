//! A practice with its use cases on a store of any kind, and how it carries out each command.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use attune_adapter_payments::LocalGateway;
use attune_application::accounts::{AccountLinks, Registration};
use attune_application::bookings::{
    CalendarFeedUrls, Change, ChangeBookingCommand, ChangeBookingError, CreateBookingCommand, CreateBookingError,
    PaymentChoice,
};
use attune_application::meetings::{
    EmailLinkTarget, InviteParticipantCommand, JoinPages, ParticipantError, RevokeLinksCommand, RevokeLinksError,
    RevokeParticipantCommand,
};
use attune_application::notifications::DeliverNotifications;
use attune_application::payments::{
    PayPages, PayTestCheckoutError, RecordOfflineCommand, RecordOfflineError, RefundPaymentCommand, RefundPaymentError,
};
use attune_application::{Deps, Idempotent, RequestMetadata, UseCaseSettings, UseCases};
use attune_domain::booking::{BookError, ChangeError};
use attune_domain::calendar::{LocalTimeRange, SlotError, WeeklySchedule};
use attune_domain::login_session::LoginSessionPolicy;
use attune_domain::meeting::RoomLimits;
use attune_domain::notification::{ReminderPlan, RetryPolicy};
use attune_domain::payment::RefundError;
use attune_domain::{
    AccessWindow, Booking, BookingId, Currency, EmailAddress, MeetingBaseUrl, Money, NameFallback, NotifyLevel,
    ParticipantRole, PersonName, Role, SecondFactorPolicy, TimeZoneName, User, UserId,
};
use attune_ports::{
    Clock, NewService, NewUser, Notifier, OnlinePayments, PasswordHash, PaymentGateway, Provider, StoreError,
    UnitOfWork,
};
use attune_test_doubles::{
    FixedClock, NoopWaker, PlainAccessTokens, PlainJoinTokens, PlainOneTimeTokens, PlainPasswordHasher, PlainTotp,
    RecordingNotifier, SequenceRandom, SystemZones, practice,
};
use jiff::{SignedDuration, Timestamp};

use crate::snapshot::{self, Snapshot};
use crate::stores::Stores;
use crate::stripe::Stripe;
use crate::{Command, Model, Outcome, Rejection, Settled, Setup, Share, Who};

pub struct World {
    pub stores: Stores,
    pub clock: Arc<FixedClock>,
    pub notifier: Arc<RecordingNotifier>,
    pub setup: Setup,
    pub therapists: [UserId; 2],
    pub clients: [UserId; 2],
    random: Arc<SequenceRandom>,
    gateway: Arc<dyn PaymentGateway>,
    stripe: Option<Stripe>,
}

impl World {
    pub async fn open(stores: Stores, setup: Setup) -> Self {
        let mut work = stores.store.begin().await.unwrap();
        let therapists = [add(&mut *work, "ada", Role::Admin).await, add(&mut *work, "ben", Role::Admin).await];
        let clients = [add(&mut *work, "cleo", Role::Client).await, add(&mut *work, "dan", Role::Client).await];
        // The model knows the emails to clients and participants.
        for therapist in therapists {
            let user = work.user(therapist).await.unwrap().unwrap();
            work.save_user(&User { notify: NotifyLevel::None, ..user }).await.unwrap();
        }
        let appointment = NewService {
            name: "Appointment".into(),
            description: String::new(),
            minutes: u32::try_from(Setup::MINUTES).unwrap(),
            buffer_minutes: u32::try_from(Setup::PAUSE).unwrap(),
            price: euros(Setup::PRICE),
            translations: BTreeMap::new(),
        };
        work.add_service(&appointment).await.unwrap();
        let hours = LocalTimeRange::new("09:00".parse().unwrap(), "17:00".parse().unwrap()).unwrap();
        for therapist in therapists {
            work.set_schedule(therapist, &WeeklySchedule::every_day(zone(), hours)).await.unwrap();
        }
        work.set_policy(&setup.policy).await.unwrap();
        work.commit().await.unwrap();
        let (start, hold) = (Setup::START.parse().unwrap(), Setup::hold(setup.provider));
        let mut stripe = None;
        let gateway: Arc<dyn PaymentGateway> = match setup.provider {
            Provider::None => Arc::new(LocalGateway::none()),
            Provider::Offline => Arc::new(LocalGateway::offline(hold)),
            Provider::Test => Arc::new(LocalGateway::test(hold, "https://practice.example.org/".parse().unwrap())),
            Provider::Stripe => stripe.insert(Stripe::start(start, hold)).gateway.clone(),
        };
        Self {
            stores,
            clock: Arc::new(FixedClock::new(start)),
            notifier: Arc::new(RecordingNotifier::new()),
            setup,
            therapists,
            clients,
            random: Arc::new(SequenceRandom::new(1)),
            gateway,
            stripe,
        }
    }

    pub fn stripe(&self) -> &Stripe {
        self.stripe.as_ref().expect("a practice that collects through Stripe")
    }

    pub fn set_provider_timeout(&mut self, attempt: std::time::Duration) {
        let hold = Setup::hold(self.setup.provider);
        let stripe = self.stripe.as_mut().expect("a practice that collects through Stripe");
        stripe.set_provider_timeout(hold, attempt);
        self.gateway = stripe.gateway.clone();
    }

    pub fn set_clock(&self, now: Timestamp) {
        self.clock.set(now);
        if let Some(stripe) = &self.stripe {
            stripe.fake.set_now(now);
        }
    }

    pub fn pass(&self, by: SignedDuration) {
        self.set_clock(self.now() + by);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn snapshot(&self) -> Snapshot {
        snapshot::read(&*self.stores.queries).await
    }

    pub async fn run(&self, command: Command, model: &Model) -> Result<Outcome, StoreError> {
        let (admin, metadata, now) = (self.therapists[0], RequestMetadata::default(), self.now());
        let target = |pick| model.pick(pick).map(|appointment| appointment.id);
        let wait = |until: Timestamp| self.clock.set(until.max(now));
        let not_found = Ok(Outcome::Refused(Rejection::NotFound));
        match command {
            Command::Book { client, therapist, at } => {
                self.book(self.booking_command_of(client, therapist, model.time(at, now))).await
            }
            Command::BookFor { client, therapist, at, settled, override_hours } => {
                let command = self.booking_command_of(client, therapist, model.time(at, now));
                let payment = match settled {
                    Settled::ByProvider => PaymentChoice::ByProvider,
                    Settled::PaidOffline => PaymentChoice::PaidOffline { method: "cash".into(), memo: None },
                    Settled::Waived => PaymentChoice::Waived,
                };
                self.book(CreateBookingCommand { booked_by: admin, payment, override_hours, ..command }).await
            }
            Command::Pay(booking) => {
                let Some(id) = target(booking) else { return not_found };
                let payments = self.stores.queries.payments(id).await?;
                let checkout = payments.into_iter().find(|payment| payment.recorded_by.is_none());
                let reference = checkout.map_or_else(|| "unknown".into(), |payment| payment.provider_checkout_id);
                self.pay(&reference).await
            }
            Command::Refund { booking, share } => {
                let Some(booking) = target(booking) else { return not_found };
                let outcome = self.refund_payment(booking, share).await?;
                if outcome == Outcome::Done {
                    // Offline refunds are completed at once.
                    self.use_cases().process_refunds.run().await?;
                }
                Ok(outcome)
            }
            Command::ProcessRefunds => self.use_cases().process_refunds.run().await.map(|_| Outcome::Done),
            Command::PayOffline(booking) => {
                let Some(booking) = target(booking) else { return not_found };
                self.pay_offline(booking).await
            }
            Command::Reschedule { who, booking, to, override_hours, stale } => {
                let Some(appointment) = model.pick(booking) else { return not_found };
                let override_hours = override_hours && who == Who::Therapist;
                let change = Change::Reschedule { to: model.time(to, now), override_hours, reason: None };
                let command = self.change(who, appointment.id, appointment.client, change);
                let version = Some(appointment.version - u32::from(stale));
                self.alter(ChangeBookingCommand { version, ..command }).await
            }
            Command::Cancel { who, booking } => {
                let Some(appointment) = model.pick(booking) else { return not_found };
                let change = Change::Cancel { reason: None, expected_refund: None };
                let command = self.change(who, appointment.id, appointment.client, change);
                let quote = self.use_cases().change_booking.quote(command.actor, command.role, appointment.id).await;
                let expected_refund = match quote {
                    Ok((_, quote)) => Some(quote.refund),
                    Err(error) => return changed(Err(error)),
                };
                let change = Change::Cancel { reason: Some("ill".into()), expected_refund };
                self.alter(ChangeBookingCommand { change, ..command }).await
            }
            Command::Complete(booking) => self.close(target(booking), Change::Complete).await,
            Command::NoShow(booking) => self.close(target(booking), Change::NoShow).await,
            Command::Reopen(booking) => self.close(target(booking), Change::Reopen).await,
            Command::ExpireHolds => self.use_cases().expire_holds.run().await.map(|_| Outcome::Done),
            Command::CompleteEnded => self.use_cases().complete_ended.run().await.map(|_| Outcome::Done),
            Command::Deliver(_) => {
                while self.use_cases().deliver.run().await?.more {}
                Ok(Outcome::Done)
            }
            Command::Wait { minutes } => {
                self.clock.advance(SignedDuration::from_mins(i64::from(minutes)));
                Ok(Outcome::Done)
            }
            Command::WaitFor { booking, minutes } => {
                let Some(appointment) = model.pick(booking) else { return not_found };
                wait(appointment.start + SignedDuration::from_mins(i64::from(minutes)));
                Ok(Outcome::Done)
            }
            Command::WaitForHold(booking) => {
                let until = model.pick(booking).and_then(|appointment| appointment.hold_expires_at);
                let Some(until) = until else { return not_found };
                wait(until);
                Ok(Outcome::Done)
            }
            Command::RevokeLinks(booking) => {
                let Some(booking) = target(booking) else { return not_found };
                match self.use_cases().revoke_links.run(RevokeLinksCommand { admin, booking, metadata }).await {
                    Ok(_) => Ok(Outcome::Done),
                    Err(RevokeLinksError::NotFound) => not_found,
                    Err(RevokeLinksError::State(why)) => Ok(Outcome::Refused(state(why))),
                    Err(RevokeLinksError::Store(error)) => Err(error),
                }
            }
            Command::Invite { booking, guest } => {
                let Some(appointment) = model.pick(booking) else { return not_found };
                let participants = self.use_cases().participants;
                let invited = participants.invite(InviteParticipantCommand {
                    admin,
                    booking: appointment.id,
                    email: self.guest(guest, appointment.client),
                    display_name: PersonName::parse("Kim Lee").unwrap().unwrap(),
                    role: ParticipantRole::Participant,
                    time_zone: None,
                    language: None,
                    metadata,
                });
                invitation(invited.await.map(|participant| Outcome::Invited(participant.id)))
            }
            Command::Uninvite(booking) => {
                let Some(appointment) = model.pick(booking) else { return not_found };
                let Some(&(participant, ..)) = appointment.guests.last() else { return not_found };
                let revoked = RevokeParticipantCommand { admin, booking: appointment.id, participant, metadata };
                invitation(self.use_cases().participants.revoke(revoked).await.map(|()| Outcome::Done))
            }
        }
    }

    fn booking_command_of(&self, client: u8, therapist: u8, scheduled_at: Timestamp) -> CreateBookingCommand {
        self.booking_command(self.clients[usize::from(client)], self.therapists[usize::from(therapist)], scheduled_at)
    }

    pub fn booking_command(&self, client: UserId, therapist: UserId, scheduled_at: Timestamp) -> CreateBookingCommand {
        CreateBookingCommand {
            client,
            booked_by: client,
            role: Role::Client,
            scheduled_at,
            service: None,
            therapist: Some(therapist),
            note: None,
            payment: PaymentChoice::ByProvider,
            amount: None,
            has_taken_place: false,
            override_hours: false,
            metadata: RequestMetadata::default(),
            idempotency: None,
        }
    }

    pub fn change(&self, who: Who, booking: BookingId, client: UserId, change: Change) -> ChangeBookingCommand {
        let (actor, role) = match who {
            Who::Owner => (client, Role::Client),
            Who::Stranger => (self.clients[usize::from(self.clients[0] == client)], Role::Client),
            Who::Therapist => (self.therapists[0], Role::Admin),
        };
        ChangeBookingCommand {
            actor,
            role,
            booking,
            change,
            version: None,
            metadata: RequestMetadata::default(),
            idempotency: None,
        }
    }

    pub async fn book(&self, command: CreateBookingCommand) -> Result<Outcome, StoreError> {
        let why = match self.use_cases().create_booking.run(command).await {
            Ok(Idempotent::Executed(created)) => return Ok(Outcome::Booked(created.booking.id())),
            Ok(Idempotent::Replayed(_)) => panic!("no idempotency key was used"),
            Err(CreateBookingError::Rule(why)) => time(why),
            Err(CreateBookingError::Slot(why)) => slot(why),
            Err(CreateBookingError::SlotTaken) => Rejection::BusyTimes,
            Err(CreateBookingError::HoldExists { .. }) => Rejection::HoldExists,
            Err(CreateBookingError::Store(error)) => return Err(error),
            Err(other) => panic!("{other}"),
        };
        Ok(Outcome::Refused(why))
    }

    pub async fn alter(&self, command: ChangeBookingCommand) -> Result<Outcome, StoreError> {
        changed(self.use_cases().change_booking.run(command).await)
    }

    pub async fn pay(&self, reference: &str) -> Result<Outcome, StoreError> {
        match self.use_cases().pay_test_checkout.run(reference, &RequestMetadata::default()).await {
            Ok(_) => Ok(Outcome::Done),
            Err(PayTestCheckoutError::NotFound) => Ok(Outcome::Refused(Rejection::NotFound)),
            Err(PayTestCheckoutError::Store(error)) => Err(error),
        }
    }

    pub async fn pay_offline(&self, booking: BookingId) -> Result<Outcome, StoreError> {
        let (admin, method, metadata) = (self.therapists[0], "cash".into(), RequestMetadata::default());
        let command =
            RecordOfflineCommand { admin, booking, amount: None, method, memo: None, metadata, idempotency: None };
        let why = match self.use_cases().record_offline.run(command).await {
            Ok(_) => return Ok(Outcome::Done),
            Err(RecordOfflineError::NotFound) => Rejection::NotFound,
            Err(RecordOfflineError::NotPayable(_)) => Rejection::NotPayable,
            Err(RecordOfflineError::SlotLost) => Rejection::BusyTimes,
            Err(RecordOfflineError::Store(error)) => return Err(error),
            Err(
                other @ (RecordOfflineError::Amount { .. }
                | RecordOfflineError::Processing
                | RecordOfflineError::KeyReused),
            ) => {
                panic!("{other}")
            }
        };
        Ok(Outcome::Refused(why))
    }

    pub async fn refund_payment(&self, booking: BookingId, share: Share) -> Result<Outcome, StoreError> {
        let command = RefundPaymentCommand {
            admin: self.therapists[0],
            booking,
            payment: None,
            amount: share.minor().map(euros),
            reason: None,
            metadata: RequestMetadata::default(),
            idempotency: None,
        };
        let why = match self.use_cases().refund.run(command).await {
            Ok(_) => return Ok(Outcome::Done),
            Err(RefundPaymentError::NotFound) => Rejection::NotFound,
            Err(RefundPaymentError::InProgress) => Rejection::RefundInProgress,
            Err(RefundPaymentError::NotRefundable(RefundError::NothingToRefund)) => Rejection::NothingLeft,
            Err(RefundPaymentError::NotRefundable(RefundError::ExceedsRefundable { .. })) => Rejection::TooMuch,
            Err(RefundPaymentError::Store(error)) => return Err(error),
            Err(
                other @ (RefundPaymentError::UnknownPayment
                | RefundPaymentError::KeyReused
                | RefundPaymentError::NotRefundable(RefundError::ZeroAmount)),
            ) => panic!("{other}"),
        };
        Ok(Outcome::Refused(why))
    }

    async fn close(&self, booking: Option<BookingId>, change: Change) -> Result<Outcome, StoreError> {
        let Some(booking) = booking else { return Ok(Outcome::Refused(Rejection::NotFound)) };
        self.alter(self.change(Who::Therapist, booking, self.clients[0], change)).await
    }

    fn guest(&self, guest: u8, client: UserId) -> EmailAddress {
        match guest {
            0 if client == self.clients[0] => email("cleo"),
            0 => email("dan"),
            other => email(&format!("guest{other}")),
        }
    }

    pub fn use_cases(&self) -> UseCases {
        UseCases::new(&self.deps())
    }

    pub async fn worker(&self, number: u64, notifier: Arc<dyn Notifier>) -> DeliverNotifications {
        let (store, queries) = self.stores.opened_again().await;
        // Workers with the same random numbers would have the same leases.
        let random = Arc::new(SequenceRandom::new(1_000 + number));
        UseCases::new(&Deps { store, queries, notifier, random, ..self.deps() }).deliver
    }

    fn deps(&self) -> Deps {
        Deps {
            store: self.stores.store.clone(),
            queries: self.stores.queries.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            zones: Arc::new(SystemZones),
            hasher: Arc::new(PlainPasswordHasher::new()),
            access_tokens: Arc::new(PlainAccessTokens),
            devices: Arc::new(PlainOneTimeTokens),
            totp: Arc::new(PlainTotp),
            account_links: AccountLinks {
                base: "https://practice.example.org/".into(),
                signer: Arc::new(PlainOneTimeTokens),
            },
            notifier: self.notifier.clone(),
            waker: Arc::new(NoopWaker),
            gateway: self.gateway.clone(),
            online: self.stripe.as_ref().map(|stripe| -> Arc<dyn OnlinePayments> { stripe.gateway.clone() }),
            signing: None,
            join_pages: JoinPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            pay_pages: PayPages { base: "https://practice.example.org/".into(), tokens: Arc::new(PlainJoinTokens) },
            feed_urls: CalendarFeedUrls {
                base: "https://practice.example.org/".into(),
                tokens: Arc::new(PlainOneTimeTokens),
            },
            room_closing: None,
            settings: UseCaseSettings {
                registration: Registration::Open,
                access_lifetime: SignedDuration::from_mins(15),
                login_sessions: LoginSessionPolicy::default(),
                second_factor: SecondFactorPolicy::Optional,
                max_login_failures: None,
                practice: Arc::new(practice("UTC")),
                default_hours: WeeklySchedule::every_day(zone(), LocalTimeRange::WHOLE_DAY),
                meetings: MeetingBaseUrl::parse("https://meet.example.org").unwrap(),
                window: AccessWindow {
                    early: SignedDuration::from_mins(15),
                    grace: SignedDuration::from_mins(Setup::GRACE),
                },
                room_limits: RoomLimits::default(),
                email_links: EmailLinkTarget::Room,
                name_fallback: NameFallback::Email,
                reminders: ReminderPlan::new(Setup::REMINDERS.to_vec()).unwrap(),
                invite_hold: SignedDuration::from_hours(72),
                retry: RetryPolicy::default(),
                parallel_emails: NonZeroUsize::new(4).unwrap(),
            },
        }
    }
}

fn zone() -> TimeZoneName {
    TimeZoneName::parse("Asia/Kolkata").unwrap()
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

fn email(local: &str) -> EmailAddress {
    EmailAddress::parse(&format!("{local}@example.org")).unwrap()
}

async fn add(work: &mut dyn UnitOfWork, name: &str, role: Role) -> UserId {
    work.add_user(&NewUser {
        email: email(name),
        first_name: PersonName::parse(name).unwrap(),
        last_name: None,
        time_zone: None,
        role,
        password_hash: Some(PasswordHash::new("$test$".into())),
        language: None,
        email_verified_at: None,
        created_at: Setup::START.parse().unwrap(),
    })
    .await
    .unwrap()
}

fn changed(answer: Result<Idempotent<Booking>, ChangeBookingError>) -> Result<Outcome, StoreError> {
    let why = match answer {
        Ok(Idempotent::Executed(_)) => return Ok(Outcome::Done),
        Ok(Idempotent::Replayed(_)) => panic!("no idempotency key was used"),
        Err(ChangeBookingError::NotFound) => Rejection::NotFound,
        Err(ChangeBookingError::Forbidden) => Rejection::Forbidden,
        Err(ChangeBookingError::State(why)) => state(why),
        Err(ChangeBookingError::Time(why)) => time(why),
        Err(ChangeBookingError::Slot(why)) => slot(why),
        Err(ChangeBookingError::SlotTaken) => Rejection::BusyTimes,
        Err(ChangeBookingError::VersionConflict) => Rejection::VersionConflict,
        Err(ChangeBookingError::Store(error)) => return Err(error),
        Err(
            other @ (ChangeBookingError::QuoteChanged
            | ChangeBookingError::KeyReused
            | ChangeBookingError::UnknownTherapist),
        ) => panic!("{other}"),
    };
    Ok(Outcome::Refused(why))
}

fn invitation(answer: Result<Outcome, ParticipantError>) -> Result<Outcome, StoreError> {
    let why = match answer {
        Ok(outcome) => return Ok(outcome),
        Err(ParticipantError::BookingNotFound | ParticipantError::NotFound) => Rejection::NotFound,
        Err(ParticipantError::InvalidState) => Rejection::InvalidState,
        Err(ParticipantError::AlreadyInvited) => Rejection::AlreadyInvited,
        Err(ParticipantError::Store(error)) => return Err(error),
        Err(other @ (ParticipantError::UnknownTimeZone | ParticipantError::TooMany)) => panic!("{other}"),
    };
    Ok(Outcome::Refused(why))
}

fn state(why: ChangeError) -> Rejection {
    match why {
        ChangeError::InvalidState => Rejection::InvalidState,
        ChangeError::WindowClosed => Rejection::WindowClosed,
        ChangeError::RefundTooLarge => panic!("{why}"),
    }
}

fn time(why: BookError) -> Rejection {
    match why {
        BookError::InThePast => Rejection::InThePast,
        BookError::BeyondBookingHorizon => Rejection::BeyondBookingHorizon,
        BookError::Length | BookError::Note | BookError::NotEnded | BookError::TooLongAgo => panic!("{why}"),
    }
}

fn slot(why: SlotError) -> Rejection {
    match why {
        SlotError::InThePast => Rejection::InThePast,
        SlotError::InsufficientNotice => Rejection::InsufficientNotice,
        SlotError::BeyondBookingHorizon => Rejection::BeyondBookingHorizon,
        SlotError::OutsideHours => Rejection::OutsideHours,
        SlotError::DailyLimitReached => Rejection::DailyLimitReached,
        SlotError::Taken => Rejection::BusyTimes,
        SlotError::OffGrid => panic!("bookings are not bound to the grid"),
    }
}
