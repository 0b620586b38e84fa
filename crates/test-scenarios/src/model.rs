//! The expected behaviour, written from the tables of the API: for each command the reasons to reject it, and what
//! changes otherwise. It does not use the product's own decisions.

use std::collections::BTreeSet;

use attune_domain::{BookingId, BookingStatus, ParticipantId, PaymentStatus, UserId, ViewerId};
use attune_ports::{PaymentState, Provider};
use jiff::{SignedDuration, Timestamp};

use crate::emails::ExpectedEmail;
use crate::{Command, Outcome, Rejection, Settled, Setup, When, Who};

#[derive(Debug, Clone)]
pub struct Appointment {
    pub id: BookingId,
    pub client: UserId,
    pub therapist: UserId,
    pub start: Timestamp,
    pub booked_at: Timestamp,
    pub status: BookingStatus,
    pub payment: PaymentStatus,
    pub hold_expires_at: Option<Timestamp>,
    pub version: u32,
    pub links: u32,
    pub cancelled: Option<(bool, i64)>,
    pub checkout: Option<PaymentState>,
    pub paid_offline: bool,
    pub refunds: Vec<ModelRefund>,
    pub guests: Vec<(ParticipantId, u8, bool)>,
    pub queued: BTreeSet<ExpectedEmail>,
    pub lines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelRefund {
    pub minor: i64,
    pub manual: bool,
    pub succeeded: bool,
}

#[derive(Debug, Clone)]
pub struct Model {
    pub appointments: Vec<Appointment>,
    setup: Setup,
    therapists: [UserId; 2],
    clients: [UserId; 2],
}

#[derive(Debug, Clone, Copy)]
enum Requester {
    New(UserId),
    Booked(BookingId),
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

impl Appointment {
    pub fn end(&self) -> Timestamp {
        self.start + minutes(Setup::MINUTES)
    }

    fn overlaps(&self, start: Timestamp) -> bool {
        let blocked = minutes(Setup::MINUTES + Setup::PAUSE);
        self.blocks() && self.start < start + blocked && start < self.start + blocked
    }

    fn blocks(&self) -> bool {
        !matches!(self.status, BookingStatus::Cancelled | BookingStatus::Expired)
    }

    fn hold_has_expired(&self, now: Timestamp) -> bool {
        self.hold_expires_at.is_some_and(|until| until <= now)
    }

    fn is_open(&self) -> bool {
        self.status == BookingStatus::Scheduled
    }

    fn is_at(&self, start: Timestamp) -> bool {
        self.is_open() && self.start == start
    }

    fn readers(&self) -> Vec<ViewerId> {
        let guests = self.guests.iter().filter(|(.., stands)| *stands).map(|(id, ..)| ViewerId::Participant(*id));
        std::iter::once(ViewerId::Account(self.client)).chain(guests).collect()
    }

    fn enqueue(&mut self, kind: &'static str, readers: &[ViewerId]) {
        let version = matches!(kind, "rescheduled" | "meeting_link").then_some(self.version);
        let starts_at = self.start;
        let email = |&reader| ExpectedEmail { kind, minutes_before: 0, reader, starts_at, version, at: None };
        self.queued.extend(readers.iter().map(email));
    }

    fn enqueue_payment_email(&mut self, kind: &'static str, now: Timestamp) {
        let (reader, starts_at) = (ViewerId::Account(self.client), self.start);
        let at = Some(now);
        self.queued.insert(ExpectedEmail { kind, minutes_before: 0, reader, starts_at, version: None, at });
    }

    fn enqueue_reminders(&mut self, readers: &[ViewerId], now: Timestamp) {
        for minutes_before in Setup::REMINDERS {
            // A reminder that is due within a minute is not enqueued: another email is sent right now.
            if self.start - minutes(i64::from(minutes_before)) - minutes(1) > now {
                let (starts_at, kind, version) = (self.start, "reminder", None);
                let reminder = |&reader| ExpectedEmail { kind, minutes_before, reader, starts_at, version, at: None };
                self.queued.extend(readers.iter().map(reminder));
            }
        }
    }

    fn step(&mut self, status: BookingStatus) {
        self.status = status;
        self.version += 1;
        self.lines += 1;
    }

    fn confirm(&mut self, now: Timestamp) {
        self.hold_expires_at = None;
        let readers = self.readers();
        self.enqueue("meeting_info", &readers);
        self.enqueue_reminders(&readers, now);
    }

    fn expire(&mut self) {
        self.step(BookingStatus::Expired);
        self.close_unpaid();
        self.announce_end_of_hold("hold_expired");
    }

    /// Only a client who was told how to pay learns how the hold ended.
    fn announce_end_of_hold(&mut self, kind: &'static str) {
        if self.queued.iter().any(|email| email.kind == "payment_instructions") {
            self.enqueue(kind, &[ViewerId::Account(self.client)]);
        }
    }

    fn close_unpaid(&mut self) {
        self.payment = PaymentStatus::Cancelled;
        self.hold_expires_at = None;
        self.checkout = self.checkout.map(|_| PaymentState::Closed);
    }

    fn is_paid(&self) -> bool {
        self.paid_offline || matches!(self.checkout, Some(PaymentState::Settled | PaymentState::Unapplied))
    }

    fn left(&self, manual: bool) -> (i64, i64) {
        let of = |succeeded| {
            let its = self.refunds.iter().filter(|back| back.manual == manual && back.succeeded == succeeded);
            its.map(|back| back.minor).sum::<i64>()
        };
        (Setup::PRICE - of(true) - of(false), of(false))
    }

    fn update_payment_status(&mut self) {
        let (left, pending) = self.left(self.paid_offline);
        let payment_status = match (pending, left) {
            (1.., _) => PaymentStatus::RefundPending,
            (_, 0) => PaymentStatus::Refunded,
            (_, Setup::PRICE) => PaymentStatus::Succeeded,
            _ => PaymentStatus::PartiallyRefunded,
        };
        if payment_status != self.payment {
            self.payment = payment_status;
            self.step(self.status);
        }
    }

    fn refund_payment(&mut self, manual: bool, now: Timestamp) {
        let unapplied = !manual && self.checkout == Some(PaymentState::Unapplied);
        let pending = |back: &&mut ModelRefund| back.manual == manual && !back.succeeded;
        let Some(back) = self.refunds.iter_mut().find(pending) else { return };
        back.succeeded = true;
        self.update_payment_status();
        // The client of a late payment was already notified of its refund.
        if !unapplied {
            self.enqueue_payment_email("refund", now);
        }
    }
}

impl Model {
    pub fn new(setup: Setup, therapists: [UserId; 2], clients: [UserId; 2]) -> Self {
        Self { appointments: Vec::new(), setup, therapists, clients }
    }

    pub fn pick(&self, pick: u8) -> Option<&Appointment> {
        self.index(pick).map(|index| &self.appointments[index])
    }

    fn index(&self, pick: u8) -> Option<usize> {
        let back = usize::from(pick).checked_rem(self.appointments.len())?;
        Some(self.appointments.len() - 1 - back)
    }

    pub fn time(&self, when: When, now: Timestamp) -> Timestamp {
        let check_opening = |day: u8| {
            let midnight = Timestamp::from_second(now.as_second().div_euclid(86_400) * 86_400).unwrap();
            midnight + minutes(i64::from(day) * 1440 + Setup::OPENS)
        };
        match when {
            When::Slot { day, quarter } => check_opening(day) + minutes(15 * i64::from(quarter)),
            When::Beside { booking, minutes: count } => {
                self.pick(booking).map_or(check_opening(0), |appointment| appointment.start) + minutes(count.into())
            }
        }
    }

    pub fn reasons(&self, command: Command, now: Timestamp) -> BTreeSet<Rejection> {
        let mut why = BTreeSet::new();
        let mut refuse_if = |refused: bool, reason| why.extend(refused.then_some(reason));
        let picked = |pick| self.pick(pick);
        match command {
            Command::Book { client, therapist, at } => {
                let (client, therapist) = (self.clients[usize::from(client)], self.therapists[usize::from(therapist)]);
                return self.time_reasons(therapist, self.time(at, now), Requester::New(client), false, now);
            }
            Command::BookFor { client, therapist, at, override_hours, .. } => {
                let (client, therapist) = (self.clients[usize::from(client)], self.therapists[usize::from(therapist)]);
                return self.time_reasons(therapist, self.time(at, now), Requester::New(client), override_hours, now);
            }
            Command::Pay(booking) => {
                let has_page = self.setup.provider == Provider::Test;
                let checkout = picked(booking).and_then(|appointment| appointment.checkout);
                refuse_if(!has_page || checkout.is_none(), Rejection::NotFound);
            }
            Command::PayOffline(booking) => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                return self.pay_reasons(appointment, now);
            }
            Command::Refund { booking, share } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                let manual = appointment.paid_offline;
                let (left, pending) = appointment.left(manual);
                if !appointment.is_paid() {
                    refuse_if(true, Rejection::NothingLeft);
                } else if pending > 0 {
                    // A pending offline refund is completed by the request that records it.
                    let says_so = manual && share.minor().is_none_or(|minor| minor == pending);
                    refuse_if(!says_so, Rejection::RefundInProgress);
                } else {
                    refuse_if(left == 0, Rejection::NothingLeft);
                    refuse_if(left > 0 && share.minor().is_some_and(|minor| minor > left), Rejection::TooMuch);
                }
            }
            Command::Reschedule { who, booking, to, override_hours, stale } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                let (to, by_therapist) = (self.time(to, now), who == Who::Therapist);
                let lead = minutes(i64::from(self.setup.policy.terms.reschedule_minutes));
                let until = if by_therapist { appointment.end() } else { appointment.start - lead };
                refuse_if(who == Who::Stranger, Rejection::Forbidden);
                refuse_if(stale, Rejection::VersionConflict);
                refuse_if(!appointment.is_open(), Rejection::InvalidState);
                if !appointment.is_at(to) {
                    refuse_if(appointment.is_open() && now >= until, Rejection::WindowClosed);
                    let (id, override_hours) = (appointment.id, by_therapist && override_hours);
                    let requester = Requester::Booked(id);
                    why.extend(self.time_reasons(appointment.therapist, to, requester, override_hours, now));
                }
            }
            Command::Cancel { who, booking } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                let until = if who == Who::Therapist { appointment.end() } else { appointment.start };
                refuse_if(who == Who::Stranger, Rejection::Forbidden);
                let active = appointment.is_open() || appointment.status == BookingStatus::PendingPayment;
                refuse_if(!active, Rejection::InvalidState);
                refuse_if(appointment.is_open() && now >= until, Rejection::WindowClosed);
            }
            Command::Complete(booking) | Command::NoShow(booking) => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                let no_show = matches!(command, Command::NoShow(_));
                let from = appointment.start + minutes(if no_show { 15 } else { 0 });
                let corrects = if no_show { BookingStatus::Completed } else { BookingStatus::NoShow };
                let is_correction = appointment.status == corrects;
                let too_late = is_correction && now >= appointment.end() + minutes(7 * 1440);
                let allowed = appointment.is_open() || is_correction;
                refuse_if(!allowed, Rejection::InvalidState);
                refuse_if(allowed && (now < from || too_late), Rejection::WindowClosed);
            }
            Command::Reopen(booking) => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                let closed = matches!(appointment.status, BookingStatus::Completed | BookingStatus::NoShow);
                refuse_if(!closed, Rejection::InvalidState);
                refuse_if(closed && now >= appointment.end(), Rejection::WindowClosed);
            }
            Command::RevokeLinks(booking) => match picked(booking) {
                Some(appointment) => refuse_if(!appointment.is_open(), Rejection::InvalidState),
                None => refuse_if(true, Rejection::NotFound),
            },
            Command::Invite { booking, guest } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Rejection::NotFound]) };
                refuse_if(!appointment.is_open() || now >= appointment.end(), Rejection::InvalidState);
                let invited = appointment.guests.iter().any(|&(_, other, stands)| stands && other == guest);
                refuse_if(guest == 0 || invited, Rejection::AlreadyInvited);
            }
            Command::Uninvite(booking) => {
                refuse_if(picked(booking).is_none_or(|appointment| appointment.guests.is_empty()), Rejection::NotFound);
            }
            Command::WaitFor { booking, .. } => refuse_if(picked(booking).is_none(), Rejection::NotFound),
            Command::WaitForHold(booking) => {
                let hold = picked(booking).and_then(|appointment| appointment.hold_expires_at);
                refuse_if(hold.is_none(), Rejection::NotFound);
            }
            Command::ExpireHolds
            | Command::CompleteEnded
            | Command::ProcessRefunds
            | Command::Deliver(_)
            | Command::Wait { .. } => {}
        }
        why
    }

    fn time_reasons(
        &self,
        therapist: UserId,
        start: Timestamp,
        requester: Requester,
        override_hours: bool,
        now: Timestamp,
    ) -> BTreeSet<Rejection> {
        let rules = self.setup.policy.rules;
        let (but, client) = match requester {
            Requester::New(client) => (None, Some(client)),
            Requester::Booked(booking) => (Some(booking), None),
        };
        let others =
            || self.appointments.iter().filter(|s| s.therapist == therapist && Some(s.id) != but && s.blocks());
        let unexpired = || others().filter(|appointment| !appointment.hold_has_expired(now));
        let from_opening = start.as_second().rem_euclid(86_400) / 60 - Setup::OPENS;
        // Dates are those of Kolkata, five and a half hours ahead.
        let date = |at: Timestamp| (at + minutes(330)).as_second().div_euclid(86_400);
        let on_that_day = unexpired().filter(|s| date(s.start) == date(start) && !s.overlaps(start)).count();
        let practice = !override_hours;
        // A client who already holds the slot is sent to that booking.
        let is_own = |s: &&Appointment| Some(s.client) == client && s.status == BookingStatus::PendingPayment;
        let overlapping = || unexpired().filter(|appointment| appointment.overlaps(start));
        let inside = (0..=Setup::CLOSES - Setup::OPENS - Setup::MINUTES).contains(&from_opening);
        [
            (start <= now, Rejection::InThePast),
            (practice && start < now + minutes(i64::from(rules.notice_minutes)), Rejection::InsufficientNotice),
            (practice && start > now + minutes(i64::from(rules.horizon_days) * 1440), Rejection::BeyondBookingHorizon),
            (practice && !inside, Rejection::OutsideHours),
            (
                practice && rules.daily_limit.is_some_and(|cap| on_that_day >= cap as usize),
                Rejection::DailyLimitReached,
            ),
            (overlapping().any(|appointment| !is_own(&appointment)), Rejection::BusyTimes),
            (overlapping().any(|appointment| is_own(&appointment)), Rejection::HoldExists),
        ]
        .into_iter()
        .filter_map(|(refused, reason)| refused.then_some(reason))
        .collect()
    }

    fn pay_reasons(&self, appointment: &Appointment, now: Timestamp) -> BTreeSet<Rejection> {
        // An expired booking with another payment status was paid already, and is being refunded.
        let unpaid = appointment.status == BookingStatus::PendingPayment
            || (appointment.status == BookingStatus::Expired && appointment.payment == PaymentStatus::Cancelled);
        if !unpaid || appointment.start <= now {
            return BTreeSet::from([Rejection::NotPayable]);
        }
        let lost =
            self.overlapping(appointment).into_iter().any(|other| !self.appointments[other].hold_has_expired(now));
        lost.then_some(Rejection::BusyTimes).into_iter().collect()
    }

    fn overlapping(&self, appointment: &Appointment) -> Vec<usize> {
        let is_other = |other: &Appointment| other.id != appointment.id && other.therapist == appointment.therapist;
        let overlaps = |other: &Appointment| is_other(other) && other.overlaps(appointment.start);
        let mut others: Vec<usize> =
            (0..self.appointments.len()).filter(|&index| overlaps(&self.appointments[index])).collect();
        others.sort_by_key(|&index| self.appointments[index].start);
        others
    }

    fn release(&mut self, therapist: UserId, start: Timestamp, but: Option<BookingId>, now: Timestamp) {
        for appointment in &mut self.appointments {
            let other = appointment.therapist == therapist && Some(appointment.id) != but;
            if other && appointment.hold_has_expired(now) && appointment.overlaps(start) {
                appointment.expire();
            }
        }
    }

    fn record_late_payment(&mut self, index: usize, now: Timestamp) {
        let appointment = &self.appointments[index];
        if appointment.status == BookingStatus::Expired
            && self.pay_reasons(appointment, now).contains(&Rejection::BusyTimes)
        {
            // Expired holds before the booking that has the slot now are released.
            for other in self.overlapping(appointment) {
                if !self.appointments[other].hold_has_expired(now) {
                    break;
                }
                self.appointments[other].expire();
            }
        }
        let appointment = &mut self.appointments[index];
        appointment.checkout = Some(PaymentState::Unapplied);
        appointment.refunds.push(ModelRefund { minor: Setup::PRICE, manual: false, succeeded: false });
        appointment.lines += 1;
        match (appointment.status, appointment.payment) {
            (BookingStatus::PendingPayment, _) => {
                appointment.hold_expires_at = None;
                appointment.payment = PaymentStatus::RefundPending;
                appointment.step(BookingStatus::Expired);
            }
            (BookingStatus::Expired | BookingStatus::Cancelled, PaymentStatus::Cancelled) => {
                appointment.payment = PaymentStatus::RefundPending;
                appointment.step(appointment.status);
            }
            // The booking is paid by another payment.
            _ => {}
        }
        appointment.enqueue_payment_email("payment_problem", now);
    }

    pub fn apply(&mut self, command: Command, outcome: Outcome, now: Timestamp) {
        match command {
            Command::Book { client, therapist, at } => {
                self.add(outcome, client, therapist, self.time(at, now), Settled::ByProvider, now);
            }
            Command::BookFor { client, therapist, at, settled, .. } => {
                self.add(outcome, client, therapist, self.time(at, now), settled, now);
            }
            Command::Pay(booking) => {
                let index = self.index(booking).unwrap();
                let appointment = &mut self.appointments[index];
                if matches!(appointment.checkout, Some(PaymentState::Settled | PaymentState::Unapplied)) {
                    return;
                }
                if self.pay_reasons(&self.appointments[index], now).is_empty() {
                    self.appointments[index].checkout = Some(PaymentState::Settled);
                    self.paid(index, now);
                } else {
                    self.record_late_payment(index, now);
                }
            }
            Command::PayOffline(booking) => {
                let index = self.index(booking).unwrap();
                let appointment = &mut self.appointments[index];
                appointment.checkout = appointment.checkout.map(|_| PaymentState::Closed);
                appointment.paid_offline = true;
                self.paid(index, now);
            }
            Command::Refund { booking, share } => {
                let appointment = self.picked(booking);
                let manual = appointment.paid_offline;
                let (left, pending) = appointment.left(manual);
                if pending == 0 {
                    let minor = share.minor().unwrap_or(left);
                    appointment.refunds.push(ModelRefund { minor, manual, succeeded: false });
                    appointment.update_payment_status();
                }
                appointment.refund_payment(manual, now);
                self.settle(now);
            }
            Command::ProcessRefunds => self.settle(now),
            Command::Reschedule { booking, to, .. } => {
                let (index, to) = (self.index(booking).unwrap(), self.time(to, now));
                let appointment = &self.appointments[index];
                if appointment.is_at(to) {
                    return;
                }
                self.release(appointment.therapist, to, Some(appointment.id), now);
                let appointment = &mut self.appointments[index];
                appointment.start = to;
                appointment.step(BookingStatus::Scheduled);
                let readers = appointment.readers();
                appointment.enqueue("rescheduled", &readers);
                appointment.enqueue_reminders(&readers, now);
            }
            Command::Cancel { who, booking } => {
                let (index, terms) = (self.index(booking).unwrap(), self.setup.policy.terms);
                let appointment = &mut self.appointments[index];
                let was_confirmed = appointment.is_open();
                let in_time = now < appointment.start - minutes(terms.free_minutes.into())
                    || now < appointment.booked_at + minutes(terms.grace_minutes.into());
                let late = was_confirmed && who == Who::Owner && !in_time;
                let manual = appointment.paid_offline;
                let held = if appointment.is_paid() { appointment.left(manual).0 } else { 0 };
                let percent = if late { i64::from(terms.late_refund_percent) } else { 100 };
                // Parts of a cent are rounded in the client's favour.
                let refund = (held * percent + 99) / 100;
                appointment.cancelled = Some((late, refund));
                appointment.step(BookingStatus::Cancelled);
                if was_confirmed {
                    let readers = appointment.readers();
                    appointment.enqueue("cancelled", &readers);
                } else {
                    appointment.close_unpaid();
                    appointment.announce_end_of_hold("cancelled");
                }
                if refund > 0 {
                    appointment.payment = PaymentStatus::RefundPending;
                    appointment.refunds.push(ModelRefund { minor: refund, manual, succeeded: false });
                }
            }
            Command::Complete(booking) => self.picked(booking).step(BookingStatus::Completed),
            Command::NoShow(booking) => self.picked(booking).step(BookingStatus::NoShow),
            Command::Reopen(booking) => {
                let appointment = self.picked(booking);
                appointment.step(BookingStatus::Scheduled);
                let readers = appointment.readers();
                appointment.enqueue_reminders(&readers, now);
            }
            Command::ExpireHolds => {
                self.appointments.iter_mut().filter(|s| s.hold_has_expired(now)).for_each(Appointment::expire)
            }
            Command::CompleteEnded => {
                let over = |s: &&mut Appointment| s.is_open() && s.end() + minutes(Setup::GRACE) <= now;
                if self.setup.policy.auto_complete {
                    self.appointments.iter_mut().filter(over).for_each(|s| s.step(BookingStatus::Completed));
                }
            }
            Command::RevokeLinks(booking) => {
                let appointment = self.picked(booking);
                appointment.links += 1;
                appointment.step(BookingStatus::Scheduled);
                let readers = appointment.readers();
                appointment.enqueue("meeting_link", &readers);
            }
            Command::Invite { booking, guest } => {
                let Outcome::Invited(id) = outcome else { panic!("an invitation has an id") };
                let appointment = self.picked(booking);
                appointment.guests.push((id, guest, true));
                appointment.enqueue("invitation", &[ViewerId::Participant(id)]);
                appointment.enqueue_reminders(&[ViewerId::Participant(id)], now);
                appointment.lines += 1;
            }
            Command::Uninvite(booking) => {
                let appointment = self.picked(booking);
                let (.., stands) = appointment.guests.last_mut().unwrap();
                appointment.lines += usize::from(*stands);
                *stands = false;
            }
            Command::Deliver(_) | Command::Wait { .. } | Command::WaitFor { .. } | Command::WaitForHold(_) => {}
        }
    }

    fn picked(&mut self, booking: u8) -> &mut Appointment {
        let index = self.index(booking).unwrap();
        &mut self.appointments[index]
    }

    fn add(&mut self, outcome: Outcome, client: u8, therapist: u8, start: Timestamp, settled: Settled, now: Timestamp) {
        let Outcome::Booked(id) = outcome else { panic!("a booking has an id") };
        let (client, therapist) = (self.clients[usize::from(client)], self.therapists[usize::from(therapist)]);
        self.release(therapist, start, None, now);
        let due = settled == Settled::ByProvider && self.setup.provider != Provider::None;
        let (status, payment) = match settled {
            _ if due => (BookingStatus::PendingPayment, PaymentStatus::Pending),
            Settled::PaidOffline => (BookingStatus::Scheduled, PaymentStatus::Succeeded),
            Settled::ByProvider | Settled::Waived => (BookingStatus::Scheduled, PaymentStatus::NotRequired),
        };
        let mut appointment = Appointment {
            id,
            client,
            therapist,
            start,
            booked_at: now,
            status,
            payment,
            hold_expires_at: due.then(|| (now + Setup::hold(self.setup.provider)).min(start)),
            // A booking that is paid when it is created has one change already.
            version: if settled == Settled::PaidOffline { 2 } else { 1 },
            links: 1,
            cancelled: None,
            checkout: due.then_some(PaymentState::Open),
            paid_offline: settled == Settled::PaidOffline,
            refunds: Vec::new(),
            guests: Vec::new(),
            queued: BTreeSet::new(),
            lines: 1,
        };
        if !due {
            appointment.confirm(now);
        } else if self.setup.provider == Provider::Offline {
            appointment.enqueue("payment_instructions", &[ViewerId::Account(client)]);
        }
        if appointment.paid_offline {
            appointment.enqueue_payment_email("receipt", now);
        }
        self.appointments.push(appointment);
    }

    fn paid(&mut self, index: usize, now: Timestamp) {
        let appointment = &self.appointments[index];
        self.release(appointment.therapist, appointment.start, Some(appointment.id), now);
        let appointment = &mut self.appointments[index];
        appointment.step(BookingStatus::Scheduled);
        appointment.payment = PaymentStatus::Succeeded;
        appointment.confirm(now);
        appointment.enqueue_payment_email("receipt", now);
    }

    fn settle(&mut self, now: Timestamp) {
        self.appointments.iter_mut().for_each(|appointment| appointment.refund_payment(false, now));
    }
}
