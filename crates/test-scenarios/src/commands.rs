//! The commands of a random walk: how they are drawn and how a failing walk shows them.

use attune_domain::{BookingId, ParticipantId};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::Setup;

type Pick = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Owner,
    Stranger,
    Therapist,
}

#[derive(Debug, Clone, Copy)]
pub enum When {
    Slot { day: u8, quarter: i8 },
    Beside { booking: Pick, minutes: i16 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    ByProvider,
    PaidOffline,
    Waived,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    Rest,
    Cents(i64),
}

impl Share {
    pub fn minor(self) -> Option<i64> {
        match self {
            Self::Rest => None,
            Self::Cents(minor) => Some(minor),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailServer {
    Works,
    Down,
    Refuses,
    Flaky(u8),
}

#[derive(Debug, Clone, Copy)]
pub enum Command {
    Book { client: u8, therapist: u8, at: When },
    BookFor { client: u8, therapist: u8, at: When, settled: Settled, override_hours: bool },
    Pay(Pick),
    PayOffline(Pick),
    Refund { booking: Pick, share: Share },
    ProcessRefunds,
    Reschedule { who: Who, booking: Pick, to: When, override_hours: bool, stale: bool },
    Cancel { who: Who, booking: Pick },
    Complete(Pick),
    NoShow(Pick),
    Reopen(Pick),
    ExpireHolds,
    CompleteEnded,
    Deliver(MailServer),
    Wait { minutes: u16 },
    WaitFor { booking: Pick, minutes: i16 },
    WaitForHold(Pick),
    RevokeLinks(Pick),
    Invite { booking: Pick, guest: u8 },
    Uninvite(Pick),
}

impl Command {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Book { .. } => "book",
            Self::BookFor { .. } => "book for",
            Self::Pay(_) => "pay",
            Self::PayOffline(_) => "pay offline",
            Self::Refund { .. } => "refund",
            Self::ProcessRefunds => "process refunds",
            Self::Reschedule { .. } => "reschedule",
            Self::Cancel { .. } => "cancel",
            Self::Complete(_) => "complete",
            Self::NoShow(_) => "no-show",
            Self::Reopen(_) => "reopen",
            Self::ExpireHolds => "expire holds",
            Self::CompleteEnded => "complete ended",
            Self::Deliver(_) => "deliver",
            Self::Wait { .. } | Self::WaitFor { .. } | Self::WaitForHold(_) => "wait",
            Self::RevokeLinks(_) => "revoke links",
            Self::Invite { .. } => "invite",
            Self::Uninvite(_) => "uninvite",
        }
    }
}

pub fn any_commands(most: usize) -> impl Strategy<Value = Vec<Command>> {
    (book(), vec(any_command(), 0..most)).prop_map(|(first, then)| std::iter::once(first).chain(then).collect())
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![4 => Just(0_u8), 3 => Just(1), 3 => 2..8_u8]
}

fn when() -> impl Strategy<Value = When> {
    // The practice is open for 32 quarters of an hour; the last appointment starts in the 29th. An appointment and its
    // buffer take an hour.
    let beside = select(vec![0_i16, 60, -60, 0, 60, -60, 15, -15, 50, -50, 55, -55]);
    let day = prop_oneof![1 => Just(0_u8), 4 => Just(1), 2 => Just(2)];
    prop_oneof![
        5 => (day, 0..=14_i8).prop_map(|(day, half)| When::Slot { day, quarter: 2 * half }),
        1 => (0..24_u8, -2..=32_i8).prop_map(|(day, quarter)| When::Slot { day, quarter }),
        3 => (pick(), beside).prop_map(|(booking, minutes)| When::Beside { booking, minutes }),
    ]
}

fn therapist() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0_u8), 1 => Just(1)]
}

fn book() -> impl Strategy<Value = Command> {
    (0..2_u8, therapist(), when()).prop_map(|(client, therapist, at)| Command::Book { client, therapist, at })
}

fn book_for() -> impl Strategy<Value = Command> {
    let settled =
        prop_oneof![2 => Just(Settled::ByProvider), 1 => Just(Settled::PaidOffline), 1 => Just(Settled::Waived)];
    (0..2_u8, therapist(), when(), settled, any::<bool>()).prop_map(
        |(client, therapist, at, settled, override_hours)| Command::BookFor {
            client,
            therapist,
            at,
            settled,
            override_hours,
        },
    )
}

fn reschedule() -> impl Strategy<Value = Command> {
    (who(), pick(), when(), any::<bool>(), weighted(0.1)).prop_map(|(who, booking, to, override_hours, stale)| {
        Command::Reschedule { who, booking, to, override_hours, stale }
    })
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![4 => Just(Who::Owner), 1 => Just(Who::Stranger), 4 => Just(Who::Therapist)]
}

fn refund() -> impl Strategy<Value = Command> {
    // A third of the price, one cent, all but one cent, all of it, and one cent more.
    let cents = select(vec![Setup::PRICE / 3, 1, Setup::PRICE - 1, Setup::PRICE, Setup::PRICE + 1]);
    let share = prop_oneof![1 => Just(Share::Rest), 3 => cents.prop_map(Share::Cents)];
    (pick(), share).prop_map(|(booking, share)| Command::Refund { booking, share })
}

fn deliver() -> impl Strategy<Value = Command> {
    prop_oneof![
        5 => Just(MailServer::Works),
        2 => Just(MailServer::Down),
        1 => Just(MailServer::Refuses),
        2 => any::<u8>().prop_map(MailServer::Flaky),
    ]
    .prop_map(Command::Deliver)
}

fn wait() -> impl Strategy<Value = Command> {
    let minutes = prop_oneof![6 => Just(15_u16), 2 => Just(60), 1 => Just(480), 1 => Just(1440), 2 => 1..60_u16];
    // Relative to a start: the instants at which something becomes possible or impossible, and those before.
    let around = select(vec![-1440_i16, -60, -6, -1, 0, 0, 1, 15, 15, 20, 30, 30, 49, 50, 80]);
    prop_oneof![
        3 => minutes.prop_map(|minutes| Command::Wait { minutes }),
        5 => (pick(), around).prop_map(|(booking, minutes)| Command::WaitFor { booking, minutes }),
        2 => pick().prop_map(Command::WaitForHold),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        9 => book(),
        5 => book_for(),
        5 => pick().prop_map(Command::Pay),
        2 => pick().prop_map(Command::PayOffline),
        3 => refund(),
        3 => Just(Command::ProcessRefunds),
        8 => reschedule(),
        3 => (who(), pick()).prop_map(|(who, booking)| Command::Cancel { who, booking }),
        4 => pick().prop_map(Command::Complete),
        4 => pick().prop_map(Command::NoShow),
        4 => pick().prop_map(Command::Reopen),
        2 => Just(Command::ExpireHolds),
        2 => Just(Command::CompleteEnded),
        7 => deliver(),
        9 => wait(),
        2 => pick().prop_map(Command::RevokeLinks),
        4 => (pick(), 0..=2_u8).prop_map(|(booking, guest)| Command::Invite { booking, guest }),
        2 => pick().prop_map(Command::Uninvite),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Booked(BookingId),
    Invited(ParticipantId),
    Refused(Rejection),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
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
