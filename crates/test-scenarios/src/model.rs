//! What the product has to do, written from the tables of the API: for each command the reasons to refuse it, and what
//! changes when there is none. It asks nothing of the product.

use std::collections::BTreeSet;

use attune_domain::{BookingId, BookingStatus, ParticipantId, PaymentStatus, UserId, ViewerId};
use attune_ports::{PaymentState, Provider};
use jiff::{SignedDuration, Timestamp};

use crate::mails::Mail;
use crate::{Command, Outcome, Settled, Setup, When, Who, World};

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    NotFound,
    Forbidden,
    InThePast,
    InsufficientNotice,
    BeyondBookingHorizon,
    OutsideHours,
    DailyLimitReached,
    BusyTimes,
    InvalidState,
    WindowClosed,
    VersionConflict,
    NotPayable,
    HoldExists,
    RefundInProgress,
    NothingLeft,
    TooMuch,
    AlreadyInvited,
}

/// A booking as it has to be.
#[derive(Debug, Clone)]
pub struct Appointment {
    /// Which one.
    pub id: BookingId,
    /// Who comes.
    pub client: UserId,
    /// Who gives it.
    pub therapist: UserId,
    /// When it begins.
    pub start: Timestamp,
    /// Where it is in its life.
    pub status: BookingStatus,
    /// What is known of the money.
    pub payment: PaymentStatus,
    /// Until when an unpaid one keeps its time.
    pub hold_until: Option<Timestamp>,
    /// Counts changes.
    pub version: u32,
    /// Counts how often links were replaced.
    pub links: u32,
    /// Whether it was called off late, and what goes back.
    pub cancelled: Option<(bool, i64)>,
    /// The checkout, if one was opened.
    pub checkout: Option<PaymentState>,
    /// Whether the price came in outside.
    pub paid_outside: bool,
    /// What went back or is to go back, oldest first.
    pub refunds: Vec<Back>,
    /// Invitations: which, of whom, and whether they stand.
    pub guests: Vec<(ParticipantId, u8, bool)>,
    /// All mails that were ever owed.
    pub queued: BTreeSet<Mail>,
    /// Lines in the audit trail.
    pub lines: usize,
}

/// Money that goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// How much, in cents.
    pub minor: i64,
    /// Whether it came in outside, so that a therapist gives it back by hand.
    pub by_hand: bool,
    /// Whether it went.
    pub gone: bool,
}

/// All bookings as they have to be, in the order in which they were made.
#[derive(Debug, Clone)]
pub struct Model {
    /// The bookings.
    pub appointments: Vec<Appointment>,
    setup: Setup,
    therapists: [UserId; 2],
    clients: [UserId; 2],
}

/// Who wishes for a time.
#[derive(Debug, Clone, Copy)]
enum Wisher {
    /// This client, for a new booking.
    New(UserId),
    /// Somebody who moves this one, which is not in its own way.
    Booked(BookingId),
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

impl Appointment {
    /// When it ends.
    pub fn end(&self) -> Timestamp {
        self.start + minutes(World::MINUTES)
    }

    /// Whether it takes time of the calendar that begins here.
    fn is_in_the_way(&self, start: Timestamp) -> bool {
        let taken = minutes(World::MINUTES + World::PAUSE);
        self.blocks() && self.start < start + taken && start < self.start + taken
    }

    fn blocks(&self) -> bool {
        !matches!(self.status, BookingStatus::Cancelled | BookingStatus::Expired)
    }

    fn is_lapsed(&self, now: Timestamp) -> bool {
        self.hold_until.is_some_and(|until| until <= now)
    }

    fn is_open(&self) -> bool {
        self.status == BookingStatus::Scheduled
    }

    /// Moving it there leaves it as it is.
    fn is_at(&self, start: Timestamp) -> bool {
        self.is_open() && self.start == start
    }

    /// Client and guests.
    fn readers(&self) -> Vec<ViewerId> {
        let guests = self.guests.iter().filter(|(.., stands)| *stands).map(|(id, ..)| ViewerId::Participant(*id));
        std::iter::once(ViewerId::Account(self.client)).chain(guests).collect()
    }

    fn owe(&mut self, kind: &'static str, readers: &[ViewerId]) {
        let version = matches!(kind, "rescheduled" | "meeting_link").then_some(self.version);
        let starts_at = self.start;
        let mail = |&reader| Mail { kind, minutes_before: 0, reader, starts_at, version, at: None };
        self.queued.extend(readers.iter().map(mail));
    }

    /// What happens to money is told to the client each time that it happens.
    fn owe_news(&mut self, kind: &'static str, now: Timestamp) {
        let (reader, starts_at) = (ViewerId::Account(self.client), self.start);
        let at = (kind != "receipt").then_some(now);
        self.queued.insert(Mail { kind, minutes_before: 0, reader, starts_at, version: None, at });
    }

    fn owe_reminders(&mut self, readers: &[ViewerId], now: Timestamp) {
        for minutes_before in World::REMINDERS {
            // One that would leave within the minute is not planned: another mail leaves right now.
            if self.start - minutes(i64::from(minutes_before)) - minutes(1) > now {
                let (starts_at, kind, version) = (self.start, "reminder", None);
                let reminder = |&reader| Mail { kind, minutes_before, reader, starts_at, version, at: None };
                self.queued.extend(readers.iter().map(reminder));
            }
        }
    }

    fn step(&mut self, status: BookingStatus) {
        self.status = status;
        self.version += 1;
        self.lines += 1;
    }

    fn agree(&mut self, now: Timestamp) {
        self.hold_until = None;
        let readers = self.readers();
        self.owe("meeting_info", &readers);
        self.owe_reminders(&readers, now);
    }

    fn expire(&mut self) {
        self.step(BookingStatus::Expired);
        self.end_unpaid();
    }

    fn end_unpaid(&mut self) {
        self.payment = PaymentStatus::Cancelled;
        self.hold_until = None;
        self.checkout = self.checkout.map(|_| PaymentState::Closed);
    }

    /// Whether money came in, outside or through the checkout.
    fn is_paid(&self) -> bool {
        self.paid_outside || matches!(self.checkout, Some(PaymentState::Settled | PaymentState::Unapplied))
    }

    /// What can still go back of the money that came in that way, and what is promised of it.
    fn left(&self, by_hand: bool) -> (i64, i64) {
        let of = |gone| {
            let its = self.refunds.iter().filter(|back| back.by_hand == by_hand && back.gone == gone);
            its.map(|back| back.minor).sum::<i64>()
        };
        (World::PRICE - of(true) - of(false), of(false))
    }

    /// Brings what is known of the money in line with what came and went. What the booking stands on counts.
    fn follow_money(&mut self) {
        let (left, promised) = self.left(self.paid_outside);
        let told = match (promised, left) {
            (1.., _) => PaymentStatus::RefundPending,
            (_, 0) => PaymentStatus::Refunded,
            (_, World::PRICE) => PaymentStatus::Succeeded,
            _ => PaymentStatus::PartiallyRefunded,
        };
        if told != self.payment {
            self.payment = told;
            self.step(self.status);
        }
    }

    /// Gives back what was promised of money that came in that way.
    fn give_back(&mut self, by_hand: bool, now: Timestamp) {
        let surplus = !by_hand && self.checkout == Some(PaymentState::Unapplied);
        let promised = |back: &&mut Back| back.by_hand == by_hand && !back.gone;
        let Some(back) = self.refunds.iter_mut().find(promised) else { return };
        back.gone = true;
        self.follow_money();
        // Of money that came too late the client was told at once that it comes back.
        if !surplus {
            self.owe_news("refund", now);
        }
    }
}

impl Model {
    /// A world in which nobody did anything yet.
    pub fn of(world: &World) -> Self {
        Self { appointments: Vec::new(), setup: world.setup, therapists: world.therapists, clients: world.clients }
    }

    /// The booking that a pick means.
    pub fn pick(&self, pick: u8) -> Option<&Appointment> {
        self.index(pick).map(|index| &self.appointments[index])
    }

    fn index(&self, pick: u8) -> Option<usize> {
        let back = usize::from(pick).checked_rem(self.appointments.len())?;
        Some(self.appointments.len() - 1 - back)
    }

    /// The time that is meant.
    pub fn time(&self, when: When, now: Timestamp) -> Timestamp {
        let opening = |day: u8| {
            let midnight = Timestamp::from_second(now.as_second().div_euclid(86_400) * 86_400).unwrap();
            midnight + minutes(i64::from(day) * 1440 + World::OPENS)
        };
        match when {
            When::Slot { day, quarter } => opening(day) + minutes(15 * i64::from(quarter)),
            When::Beside { booking, minutes: count } => {
                self.pick(booking).map_or(opening(0), |appointment| appointment.start) + minutes(count.into())
            }
        }
    }

    /// All reasons to refuse the command at this moment; none means that it has to be carried out.
    pub fn reasons(&self, command: Command, now: Timestamp) -> BTreeSet<Why> {
        let mut why = BTreeSet::new();
        let mut refuse_if = |refused: bool, reason| {
            if refused {
                why.insert(reason);
            }
        };
        let picked = |pick| self.pick(pick);
        match command {
            Command::Book { client, therapist, at } => {
                let (client, therapist) = (self.clients[usize::from(client)], self.therapists[usize::from(therapist)]);
                return self.time_reasons(therapist, self.time(at, now), Wisher::New(client), false, now);
            }
            Command::BookFor { client, therapist, at, override_hours, .. } => {
                let (client, therapist) = (self.clients[usize::from(client)], self.therapists[usize::from(therapist)]);
                return self.time_reasons(therapist, self.time(at, now), Wisher::New(client), override_hours, now);
            }
            Command::Pay(booking) => {
                let has_page = self.setup.provider == Provider::Test;
                let checkout = picked(booking).and_then(|appointment| appointment.checkout);
                refuse_if(!has_page || checkout.is_none(), Why::NotFound);
            }
            Command::PayOutside(booking) => match picked(booking) {
                Some(appointment) => return self.pay_reasons(appointment, now),
                None => refuse_if(true, Why::NotFound),
            },
            Command::Refund { booking, share } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Why::NotFound]) };
                let by_hand = appointment.paid_outside;
                let (left, promised) = appointment.left(by_hand);
                if !appointment.is_paid() {
                    refuse_if(true, Why::NothingLeft);
                } else if promised > 0 {
                    // What is owed by hand is given back by whoever says so.
                    let says_so = by_hand && share.minor().is_none_or(|minor| minor == promised);
                    refuse_if(!says_so, Why::RefundInProgress);
                } else {
                    refuse_if(left == 0, Why::NothingLeft);
                    refuse_if(left > 0 && share.minor().is_some_and(|minor| minor > left), Why::TooMuch);
                }
            }
            Command::Reschedule { who, booking, to, override_hours, stale } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Why::NotFound]) };
                let (to, by_therapist) = (self.time(to, now), who == Who::Therapist);
                let notice = minutes(i64::from(self.setup.policy.terms.reschedule_minutes));
                let until = if by_therapist { appointment.end() } else { appointment.start - notice };
                refuse_if(who == Who::Stranger, Why::Forbidden);
                refuse_if(stale, Why::VersionConflict);
                refuse_if(!appointment.is_open(), Why::InvalidState);
                if !appointment.is_at(to) {
                    refuse_if(appointment.is_open() && now >= until, Why::WindowClosed);
                    let (wisher, override_hours) = (Wisher::Booked(appointment.id), by_therapist && override_hours);
                    why.extend(self.time_reasons(appointment.therapist, to, wisher, override_hours, now));
                }
            }
            Command::Cancel { who, booking } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Why::NotFound]) };
                let until = if who == Who::Therapist { appointment.end() } else { appointment.start };
                refuse_if(who == Who::Stranger, Why::Forbidden);
                refuse_if(
                    !appointment.is_open() && appointment.status != BookingStatus::PendingPayment,
                    Why::InvalidState,
                );
                refuse_if(appointment.is_open() && now >= until, Why::WindowClosed);
            }
            Command::Complete(booking) | Command::NoShow(booking) => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Why::NotFound]) };
                let no_show = matches!(command, Command::NoShow(_));
                let from = appointment.start + minutes(if no_show { 15 } else { 0 });
                let corrects = if no_show { BookingStatus::Completed } else { BookingStatus::NoShow };
                let too_late = appointment.status == corrects && now >= appointment.end() + minutes(7 * 1440);
                let allowed = appointment.is_open() || appointment.status == corrects;
                refuse_if(!allowed, Why::InvalidState);
                refuse_if(allowed && (now < from || too_late), Why::WindowClosed);
            }
            Command::Reopen(booking) => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Why::NotFound]) };
                let closed = matches!(appointment.status, BookingStatus::Completed | BookingStatus::NoShow);
                refuse_if(!closed, Why::InvalidState);
                refuse_if(closed && now >= appointment.end(), Why::WindowClosed);
            }
            Command::RevokeLinks(booking) => match picked(booking) {
                Some(appointment) => refuse_if(!appointment.is_open(), Why::InvalidState),
                None => refuse_if(true, Why::NotFound),
            },
            Command::Invite { booking, guest } => {
                let Some(appointment) = picked(booking) else { return BTreeSet::from([Why::NotFound]) };
                refuse_if(!appointment.is_open() || now >= appointment.end(), Why::InvalidState);
                let invited = appointment.guests.iter().any(|&(_, other, stands)| stands && other == guest);
                refuse_if(guest == 0 || invited, Why::AlreadyInvited);
            }
            Command::Uninvite(booking) => {
                refuse_if(picked(booking).is_none_or(|appointment| appointment.guests.is_empty()), Why::NotFound);
            }
            Command::WaitFor { booking, .. } => refuse_if(picked(booking).is_none(), Why::NotFound),
            Command::WaitForHold(booking) => {
                refuse_if(picked(booking).and_then(|appointment| appointment.hold_until).is_none(), Why::NotFound);
            }
            Command::ExpireHolds
            | Command::CompleteByItself
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
        wisher: Wisher,
        override_hours: bool,
        now: Timestamp,
    ) -> BTreeSet<Why> {
        let rules = self.setup.policy.rules;
        let (but, client) = match wisher {
            Wisher::New(client) => (None, Some(client)),
            Wisher::Booked(booking) => (Some(booking), None),
        };
        let others =
            || self.appointments.iter().filter(|s| s.therapist == therapist && Some(s.id) != but && s.blocks());
        let firm = || others().filter(|appointment| !appointment.is_lapsed(now));
        let from_opening = start.as_second().rem_euclid(86_400) / 60 - World::OPENS;
        // Dates are those of Kolkata, five and a half hours ahead.
        let date = |at: Timestamp| (at + minutes(330)).as_second().div_euclid(86_400);
        let on_that_day = firm().filter(|s| date(s.start) == date(start) && !s.is_in_the_way(start)).count();
        let practice = !override_hours;
        // Whoever holds the time already is sent to their own booking.
        let is_own = |s: &&Appointment| Some(s.client) == client && s.status == BookingStatus::PendingPayment;
        let in_the_way = || firm().filter(|appointment| appointment.is_in_the_way(start));
        let inside = (0..=World::CLOSES - World::OPENS - World::MINUTES).contains(&from_opening);
        [
            (start <= now, Why::InThePast),
            (practice && start < now + minutes(i64::from(rules.notice_minutes)), Why::InsufficientNotice),
            (practice && start > now + minutes(i64::from(rules.horizon_days) * 1440), Why::BeyondBookingHorizon),
            (practice && !inside, Why::OutsideHours),
            (practice && rules.daily_limit.is_some_and(|cap| on_that_day >= cap as usize), Why::DailyLimitReached),
            (in_the_way().any(|appointment| !is_own(&appointment)), Why::BusyTimes),
            (in_the_way().any(|appointment| is_own(&appointment)), Why::HoldExists),
        ]
        .into_iter()
        .filter_map(|(refused, reason)| refused.then_some(reason))
        .collect()
    }

    fn pay_reasons(&self, appointment: &Appointment, now: Timestamp) -> BTreeSet<Why> {
        let unpaid = match appointment.status {
            BookingStatus::PendingPayment => true,
            // Money came already, and goes back.
            BookingStatus::Expired => appointment.payment == PaymentStatus::Cancelled,
            BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow | BookingStatus::Cancelled => {
                false
            }
        };
        if !unpaid || appointment.start <= now {
            return BTreeSet::from([Why::NotPayable]);
        }
        let lost = self.in_the_way_of(appointment).into_iter().any(|other| !self.appointments[other].is_lapsed(now));
        lost.then_some(Why::BusyTimes).into_iter().collect()
    }

    /// Who else has a booking's time, by start.
    fn in_the_way_of(&self, appointment: &Appointment) -> Vec<usize> {
        let is_other = |other: &Appointment| other.id != appointment.id && other.therapist == appointment.therapist;
        let mut others: Vec<usize> = (0..self.appointments.len())
            .filter(|&index| {
                is_other(&self.appointments[index]) && self.appointments[index].is_in_the_way(appointment.start)
            })
            .collect();
        others.sort_by_key(|&index| self.appointments[index].start);
        others
    }

    /// Whoever takes time that lapsed holds still keep lets go of them.
    fn release(&mut self, therapist: UserId, start: Timestamp, but: Option<BookingId>, now: Timestamp) {
        for appointment in &mut self.appointments {
            let other = appointment.therapist == therapist && Some(appointment.id) != but;
            if other && appointment.is_lapsed(now) && appointment.is_in_the_way(start) {
                appointment.expire();
            }
        }
    }

    /// Money came that the appointment cannot be had for any more.
    fn came_late(&mut self, index: usize, now: Timestamp) {
        let appointment = &self.appointments[index];
        if appointment.status == BookingStatus::Expired && self.pay_reasons(appointment, now).contains(&Why::BusyTimes)
        {
            // On the way to the one who has the time now, holds that are over are let go of.
            for other in self.in_the_way_of(appointment) {
                if !self.appointments[other].is_lapsed(now) {
                    break;
                }
                self.appointments[other].expire();
            }
        }
        let appointment = &mut self.appointments[index];
        appointment.checkout = Some(PaymentState::Unapplied);
        appointment.refunds.push(Back { minor: World::PRICE, by_hand: false, gone: false });
        appointment.lines += 1;
        match (appointment.status, appointment.payment) {
            (BookingStatus::PendingPayment, _) => {
                appointment.hold_until = None;
                appointment.payment = PaymentStatus::RefundPending;
                appointment.step(BookingStatus::Expired);
            }
            (BookingStatus::Expired | BookingStatus::Cancelled, PaymentStatus::Cancelled) => {
                appointment.payment = PaymentStatus::RefundPending;
                appointment.step(appointment.status);
            }
            // It stands on other money.
            _ => {}
        }
        appointment.owe_news("payment_problem", now);
    }

    /// Changes what the command changes when it is carried out.
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
                    self.came_late(index, now);
                }
            }
            Command::PayOutside(booking) => {
                let index = self.index(booking).unwrap();
                let appointment = &mut self.appointments[index];
                appointment.checkout = appointment.checkout.map(|_| PaymentState::Closed);
                appointment.paid_outside = true;
                self.paid(index, now);
            }
            Command::Refund { booking, share } => {
                let appointment = self.picked(booking);
                let by_hand = appointment.paid_outside;
                let (left, promised) = appointment.left(by_hand);
                if promised == 0 {
                    appointment.refunds.push(Back { minor: share.minor().unwrap_or(left), by_hand, gone: false });
                    appointment.follow_money();
                }
                appointment.give_back(by_hand, now);
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
                appointment.owe("rescheduled", &readers);
                appointment.owe_reminders(&readers, now);
            }
            Command::Cancel { who, booking } => {
                let (index, terms) = (self.index(booking).unwrap(), self.setup.policy.terms);
                let appointment = &mut self.appointments[index];
                let agreed = appointment.is_open();
                let late = agreed && who == Who::Owner && now >= appointment.start - minutes(terms.free_minutes.into());
                let by_hand = appointment.paid_outside;
                let held = if appointment.is_paid() { appointment.left(by_hand).0 } else { 0 };
                let percent = if late { i64::from(terms.late_refund_percent) } else { 100 };
                // Parts of a cent are rounded in the client's favour.
                let refund = (held * percent + 99) / 100;
                appointment.cancelled = Some((late, refund));
                appointment.step(BookingStatus::Cancelled);
                if agreed {
                    let readers = appointment.readers();
                    appointment.owe("cancelled", &readers);
                } else {
                    appointment.end_unpaid();
                }
                if refund > 0 {
                    appointment.payment = PaymentStatus::RefundPending;
                    appointment.refunds.push(Back { minor: refund, by_hand, gone: false });
                }
            }
            Command::Complete(booking) => self.picked(booking).step(BookingStatus::Completed),
            Command::NoShow(booking) => self.picked(booking).step(BookingStatus::NoShow),
            Command::Reopen(booking) => {
                let appointment = self.picked(booking);
                appointment.step(BookingStatus::Scheduled);
                let readers = appointment.readers();
                appointment.owe_reminders(&readers, now);
            }
            Command::ExpireHolds => {
                self.appointments.iter_mut().filter(|s| s.is_lapsed(now)).for_each(Appointment::expire)
            }
            Command::CompleteByItself => {
                let over = |s: &&mut Appointment| s.is_open() && s.end() + minutes(World::GRACE) <= now;
                if self.setup.policy.auto_complete {
                    self.appointments.iter_mut().filter(over).for_each(|s| s.step(BookingStatus::Completed));
                }
            }
            Command::RevokeLinks(booking) => {
                let appointment = self.picked(booking);
                appointment.links += 1;
                appointment.step(BookingStatus::Scheduled);
                let readers = appointment.readers();
                appointment.owe("meeting_link", &readers);
            }
            Command::Invite { booking, guest } => {
                let Outcome::Invited(id) = outcome else { panic!("an invitation has an id") };
                let appointment = self.picked(booking);
                appointment.guests.push((id, guest, true));
                appointment.owe("invitation", &[ViewerId::Participant(id)]);
                appointment.owe_reminders(&[ViewerId::Participant(id)], now);
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
            status,
            payment,
            hold_until: due.then(|| (now + World::hold(self.setup.provider)).min(start)),
            // One that is paid as it is made was held for no time at all, and has a change behind it.
            version: if settled == Settled::PaidOffline { 2 } else { 1 },
            links: 1,
            cancelled: None,
            checkout: due.then_some(PaymentState::Open),
            paid_outside: settled == Settled::PaidOffline,
            refunds: Vec::new(),
            guests: Vec::new(),
            queued: BTreeSet::new(),
            lines: 1,
        };
        if !due {
            appointment.agree(now);
        }
        if appointment.paid_outside {
            appointment.owe_news("receipt", now);
        }
        self.appointments.push(appointment);
    }

    fn paid(&mut self, index: usize, now: Timestamp) {
        let appointment = &self.appointments[index];
        self.release(appointment.therapist, appointment.start, Some(appointment.id), now);
        let appointment = &mut self.appointments[index];
        appointment.step(BookingStatus::Scheduled);
        appointment.payment = PaymentStatus::Succeeded;
        appointment.agree(now);
        appointment.owe_news("receipt", now);
    }

    /// The worker gives back what need not be given back by hand.
    fn settle(&mut self, now: Timestamp) {
        self.appointments.iter_mut().for_each(|appointment| appointment.give_back(false, now));
    }
}
