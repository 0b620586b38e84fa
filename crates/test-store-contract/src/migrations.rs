//! Downgrades to every older release and the way back: what the older release can store survives, everything else is gone.

use std::future::Future;

use attune_domain::ChangeTerms;
use attune_domain::meeting::AttendanceEventKind;
use attune_domain::notification::{
    NewNotification, NotificationKind, NotificationState, NotificationSubject, account_notification,
};
use attune_domain::practice::{ImageFormat, Logo, LogoName};
use attune_domain::second_factor::SETUP_PERIOD;
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, Language, Money, OneTimePurpose, PaymentStatus,
    Practice, PracticeName, User, ViewerId,
};
use attune_ports::{
    BookingFilter, CalendarSettings, Conflict, DeliveryResult, LeaseToken, LedgerEntry, LedgerKind, NewPayment,
    NewRefund, NewUser, PageRequest, Payment, PaymentState, ProblemKind, Provider, Queries, RefundCause, Store,
    Versioned,
};
use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};

use crate::fixtures::{
    PracticeFixture, attempt_key, captured, client, day_off, eur, fact, hours, idempotency_key, idempotency_record,
    lease, legal_states, minutes_after, moved, notice, now, one_time_token, paid, participant, payment, policy,
    problem, refund, reminder, restored, session, slot, therapist, token_hash, totp_factor, week, zone,
};

/// A database on which migrations are run, by a store and by an administrator.
pub trait Database {
    type Store: Store + Queries;

    /// The folder of its migrations.
    const FOLDER: &str;

    /// Another, empty database.
    fn empty() -> impl Future<Output = Self>;

    /// Opens the store without migrating it.
    fn open(&self) -> impl Future<Output = Self::Store>;
    fn schema_is_current(store: &Self::Store) -> impl Future<Output = bool>;
    fn migrate(store: &Self::Store) -> impl Future<Output = Vec<String>>;
    fn close(store: Self::Store) -> impl Future<Output = ()>;

    /// Runs statements as an administrator.
    fn run(&mut self, statements: &str) -> impl Future<Output = ()>;

    /// The texts that a query returns.
    fn texts(&mut self, query: &str) -> impl Future<Output = Vec<String>>;

    /// Every column with its type and rule, every constraint, index and trigger, in the order of their names.
    fn shape(&mut self) -> impl Future<Output = Vec<String>>;

    /// The emails, in the columns that all releases have.
    fn emails(&mut self) -> impl Future<Output = Vec<String>>;

    /// A query for all tables and columns, as `table.column`.
    const COLUMNS: &str;

    /// An expression for the exact value of a column, which is never null.
    fn literal(column: &str) -> String;

    /// Statements that are written for SQLite, for this database.
    fn dialect(statements: &str) -> String;

    /// Fails if a row refers to one that does not exist, or if the file is damaged.
    fn check_references(&mut self) -> impl Future<Output = ()> {
        async {}
    }
}

/// Makes a test of each function here: `migration_suite!(Migrated)`, where `Migrated` is a [`Database`]. The calling crate
/// needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! migration_suite {
    ($database:ty) => {
        $crate::migration_suite! {
            $database:
            every_migration_can_be_reverted,
            emails_survive_a_downgrade_to_before_the_meetings,
            bookings_survive_a_downgrade_to_before_the_calendar,
            payments_survive_a_downgrade_to_before_the_ledger,
            bookings_of_an_older_release_are_counted,
            bookings_of_an_older_release_keep_their_calendar_uids,
            accounts_survive_a_downgrade_to_before_the_second_factor,
            logos_survive_a_downgrade_to_before_they_were_kept_apart,
        }
        $crate::migration_suite! {
            schemas, $database:
            every_schema_has_rows_in_every_table_and_values_in_every_column,
            every_released_schema_survives_the_way_up_down_and_up,
            the_way_back_loses_what_the_document_says,
        }
    };
    ($database:ty: $($case:ident,)*) => {
        $crate::migration_suite! { migrations, $database: $($case,)* }
    };
    ($module:ident, $database:ty: $($case:ident,)*) => {
        $(
            #[::tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::$module::$case(<$database as $crate::migrations::Database>::empty().await).await;
            }
        )*
    };
}

pub(crate) struct Migration {
    pub(crate) name: String,
    pub(crate) up: String,
    pub(crate) down: String,
}

impl Migration {
    /// Reads those of one database.
    pub(crate) fn all(folder: &str) -> Vec<Self> {
        let folder = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/{}"), folder);
        let mut steps: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        steps.sort();
        let read = |step: std::path::PathBuf| Self {
            name: step.file_name().unwrap().to_str().unwrap().to_owned(),
            up: std::fs::read_to_string(step.join("up.sql")).unwrap(),
            down: std::fs::read_to_string(step.join("down.sql")).unwrap(),
        };
        steps.into_iter().map(read).collect()
    }

    /// As the program stores it.
    fn version(&self) -> String {
        self.name.split('_').next().unwrap_or_default().replace('-', "")
    }

    /// Applies the migration: all or nothing.
    pub(crate) fn apply(&self) -> String {
        let (up, version) = (&self.up, self.version());
        format!("BEGIN; {up}; INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}'); COMMIT")
    }

    /// Reverts the migration as an administrator would: all or nothing.
    pub(crate) fn revert(&self) -> String {
        let (down, version) = (&self.down, self.version());
        format!("BEGIN; {down}; DELETE FROM __diesel_schema_migrations WHERE version = '{version}'; COMMIT")
    }
}

pub async fn every_migration_can_be_reverted<D: Database>(mut database: D) {
    let migrations = Migration::all(D::FOLDER);
    for migration in &migrations {
        database.run(&migration.up).await;
    }
    for migration in migrations.iter().rev() {
        database.run(&migration.down).await;
    }
    assert_eq!(database.shape().await, Vec::<String>::new());
}

/// A database that was written by the newest release and is now that of an older one.
struct Downgraded<D> {
    database: D,
    applied: usize,
    newest_shape: Vec<String>,
}

impl<D: Database> Downgraded<D> {
    /// Closes the store and reverts all migrations but the first ones.
    async fn new(mut database: D, store: D::Store, applied: usize) -> Self {
        D::close(store).await;
        let newest_shape = database.shape().await;
        let migrations = Migration::all(D::FOLDER);
        for migration in migrations[applied..].iter().rev() {
            database.run(&migration.revert()).await;
        }
        let mut older = D::empty().await;
        for migration in &migrations[..applied] {
            older.run(&migration.up).await;
        }
        assert_eq!(database.shape().await, older.shape().await, "the older release finds what it left");
        database.check_references().await;
        Self { database, applied, newest_shape }
    }

    async fn count(&mut self, table: &str) -> String {
        self.database.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await.remove(0)
    }

    /// Applies the migrations again.
    async fn upgrade(&mut self) -> D::Store {
        let store = self.database.open().await;
        assert!(!D::schema_is_current(&store).await);
        let names: Vec<_> = Migration::all(D::FOLDER).into_iter().map(|migration| migration.name).collect();
        assert_eq!(D::migrate(&store).await, names[self.applied..]);
        assert!(D::schema_is_current(&store).await);
        assert_eq!(self.database.shape().await, self.newest_shape, "the schema is that of a new database");
        self.database.check_references().await;
        store
    }
}

async fn migrated<D: Database>(database: &D) -> D::Store {
    let store = database.open().await;
    D::migrate(&store).await;
    store
}

/// Emails in every state go through both directions: those of accounts stay as they were, and those that the older
/// release has no place for are gone.
pub async fn emails_survive_a_downgrade_to_before_the_meetings(database: impl Database) {
    let store = migrated(&database).await;
    let practice = PracticeFixture::create(&store).await;
    let mut work = store.begin().await.unwrap();
    let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
    work.add_booking(&booking).await.unwrap();
    let (booking, _) = booking.revoke_links(now()).unwrap();
    work.save_booking(&booking).await.unwrap();
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    work.open_conference(booking.id(), now()).await.unwrap();
    work.add_attendance(booking.id(), &[fact("one", AttendanceEventKind::Joined, now())]).await.unwrap();
    let old = [
        notice(&booking, NotificationKind::MeetingInfo, now()),
        reminder(&booking, 60, now()),
        reminder(&booking, 10, now()),
        reminder(&booking, 1_440, slot(0)),
    ];
    work.enqueue(&old).await.unwrap();
    let leased = work.lease_notifications(3, now(), &lease(7, slot(1))).await.unwrap();
    for (email, state) in leased.iter().zip([NotificationState::Sent, NotificationState::Dead]) {
        let last_error = (state == NotificationState::Dead).then(|| "refused_550".to_owned());
        let result = DeliveryResult { state, next_at: now(), sent_at: Some(now()), last_error };
        assert!(work.ack_notification(email.id, &LeaseToken([7; 16]), &result).await.unwrap());
    }
    let to_guest = |kind| NewNotification { recipient: ViewerId::Participant(guest), ..notice(&booking, kind, now()) };
    let new = [
        to_guest(NotificationKind::Invitation),
        to_guest(NotificationKind::Reminder { minutes_before: 60 }),
        notice(&booking, NotificationKind::MeetingLink, now()),
    ];
    assert_eq!(work.enqueue(&new).await.unwrap(), 3);
    work.commit().await.unwrap();
    let before = store.notifications(booking.id()).await.unwrap();

    let mut downgraded = Downgraded::new(database, store, 1).await;
    let emails = downgraded.database.emails().await;
    assert_eq!(emails.len(), 4);
    assert!(emails.iter().any(|email| email.contains(&"07".repeat(16))), "one of them is leased: {emails:?}");
    let store = downgraded.upgrade().await;
    assert_eq!(downgraded.database.emails().await, emails);

    let after = store.notifications(booking.id()).await.unwrap();
    assert_eq!(after, before[..4], "each with its recipient");
    assert!(after.iter().all(|email| email.content.recipient == ViewerId::Account(practice.client)));
    let read = store.booking(booking.id()).await.unwrap().unwrap().booking;
    assert_eq!((read.link_version(), read.version()), (1, booking.version()));
    assert!(store.participants(booking.id()).await.unwrap().is_empty());
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.enqueue(&old).await.unwrap(), 0, "what was queued is known");
    let guest = work.add_participant(&participant(&booking, "guest")).await.unwrap();
    let recipient = ViewerId::Participant(guest);
    let invitation = NewNotification { recipient, ..notice(&booking, NotificationKind::Invitation, now()) };
    assert_eq!(work.enqueue(&[invitation]).await.unwrap(), 1);
    let sent =
        DeliveryResult { state: NotificationState::Sent, next_at: now(), sent_at: Some(slot(0)), last_error: None };
    assert!(work.ack_notification(leased[2].id, &LeaseToken([7; 16]), &sent).await.unwrap(), "the lease held");
    work.commit().await.unwrap();
}

/// Bookings and emails that the older release knows stay; bookings then have the default terms.
pub async fn bookings_survive_a_downgrade_to_before_the_calendar(database: impl Database) {
    let store = migrated(&database).await;
    let practice = PracticeFixture::create(&store).await;
    let mut work = store.begin().await.unwrap();
    let mut bookings = Vec::new();
    for (hour, (status, paid)) in (0..).zip(legal_states()) {
        let booking = practice.booking_in(work.next_booking_id().await.unwrap(), slot(hour), status, paid);
        work.add_booking(&booking).await.unwrap();
        bookings.push(booking);
    }
    let scheduled = bookings.iter().find(|booking| booking.status() == BookingStatus::Scheduled).unwrap().clone();
    let guest = work.add_participant(&participant(&scheduled, "guest")).await.unwrap();
    let to_guest =
        |kind| NewNotification { recipient: ViewerId::Participant(guest), ..notice(&scheduled, kind, now()) };
    let old = [
        notice(&scheduled, NotificationKind::MeetingInfo, now()),
        reminder(&scheduled, 60, now()),
        to_guest(NotificationKind::Invitation),
        notice(&scheduled, NotificationKind::MeetingLink, now()),
    ];
    let new = [
        notice(&scheduled, NotificationKind::Rescheduled, now()),
        to_guest(NotificationKind::Rescheduled),
        notice(&scheduled, NotificationKind::Cancelled, now()),
        to_guest(NotificationKind::Cancelled),
    ];
    assert_eq!(work.enqueue(&old).await.unwrap() + work.enqueue(&new).await.unwrap(), 8);
    let monday = week(&[(Weekday::Monday, hours("09:00", "12:00"))]);
    work.set_schedule(practice.therapist, &monday).await.unwrap();
    work.add_schedule_exception(&day_off(practice.therapist, "2027-05-01")).await.unwrap();
    work.set_policy(&policy()).await.unwrap();
    work.add_idempotency_record(&idempotency_key(practice.client, "k"), &idempotency_record("{}")).await.unwrap();
    work.commit().await.unwrap();
    let before = store.notifications(scheduled.id()).await.unwrap();

    let mut downgraded = Downgraded::new(database, store, 2).await;
    assert_eq!(downgraded.count("outbox").await, "4");
    let store = downgraded.upgrade().await;
    for booking in bookings {
        let usual = BookingRecord {
            terms: ChangeTerms { grace_minutes: 0, ..ChangeTerms::default() },
            ..booking.record().clone()
        };
        let read = store.booking(booking.id()).await.unwrap().unwrap().booking;
        assert_eq!(*read.record(), usual);
    }
    assert_eq!(store.notifications(scheduled.id()).await.unwrap(), before[..4]);
    let nothing = CalendarSettings { schedule: None, exceptions: Vec::new(), policy: Versioned::default() };
    assert_eq!(store.calendar_settings(practice.therapist).await.unwrap(), nothing);
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.idempotency_record(&idempotency_key(practice.client, "k")).await.unwrap(), None);
    work.set_schedule(practice.therapist, &monday).await.unwrap();
    assert_eq!(work.enqueue(&new).await.unwrap(), 4);
    work.commit().await.unwrap();
}

/// A paid booking that was cancelled, with this amount to refund.
fn cancelled_booking(practice: PracticeFixture, id: BookingId, hour: i64, refund: Money) -> Booking {
    let booking = practice.booking_in(id, slot(hour), BookingStatus::Cancelled, PaymentStatus::RefundPending);
    let cancellation = Cancellation { refund, at: minutes_after(now(), 5), ..booking.cancellation().cloned().unwrap() };
    restored(BookingRecord { cancellation: Some(cancellation), ..booking.record().clone() })
}

/// Payments that were captured get their ledger entries, and cancellations their queued refunds.
pub async fn payments_survive_a_downgrade_to_before_the_ledger(database: impl Database) {
    let store = migrated(&database).await;
    let practice = PracticeFixture::create(&store).await;
    let mut work = store.begin().await.unwrap();
    let mut add = Vec::new();
    for (hour, refund) in (0..).zip([9_000, 4_000, 20_000, 0, 9_000]) {
        let booking = cancelled_booking(practice, work.next_booking_id().await.unwrap(), hour, eur(refund));
        work.add_booking(&booking).await.unwrap();
        add.push(booking);
    }
    let [online, offline, too_much, nothing, unpaid] = <[Booking; 5]>::try_from(add).unwrap();
    let scheduled = practice.booking(work.next_booking_id().await.unwrap(), slot(10));
    let id = work.next_booking_id().await.unwrap();
    let expired = practice.booking_in(id, slot(11), BookingStatus::Expired, PaymentStatus::RefundPending);
    let held = practice.held(work.next_booking_id().await.unwrap(), slot(12), minutes_after(now(), 15));
    for booking in [&scheduled, &expired, &held] {
        work.add_booking(booking).await.unwrap();
    }
    let mut captures = Vec::new();
    for new_payment in [
        paid(online.id(), "first"),
        NewPayment { settled_at: Some(minutes_after(now(), 2)), ..paid(online.id(), "second") },
        NewPayment { provider: Provider::Offline, ..paid(offline.id(), "offline") },
        paid(too_much.id(), "too much"),
        paid(nothing.id(), "nothing"),
        NewPayment { settled_at: None, ..paid(scheduled.id(), "scheduled") },
        paid(expired.id(), "expired"),
        NewPayment { state: PaymentState::Unapplied, ..paid(held.id(), "unapplied") },
    ] {
        let payment = {
            let id = work.add_payment(&new_payment).await.unwrap();
            new_payment.with_id(id)
        };
        work.add_ledger_entry(&captured(&payment)).await.unwrap();
        captures.push(payment);
    }
    let mut pending = Vec::new();
    for state in PaymentState::ALL.into_iter().filter(|state| !state.is_paid()) {
        let new_payment = NewPayment {
            state,
            checkout_nonce: Some([7; 16]),
            expires_at: Some(slot(0)),
            provider_payment_id: Some("charge".to_owned()),
            check_at: Some(slot(0)),
            ..payment(unpaid.id(), state.as_str())
        };
        let id = work.add_payment(&new_payment).await.unwrap();
        pending.push(new_payment.with_id(id));
    }
    let new_payment = refund(&captures[0], "requested");
    let requested = {
        let id = work.add_refund(&new_payment).await.unwrap();
        new_payment.with_id(id)
    };
    work.add_ledger_entry(&moved(&requested, LedgerKind::Refunded)).await.unwrap();
    work.add_payment_event(Provider::Stripe, "evt", now()).await.unwrap();
    work.add_payment_problem(&problem("p", ProblemKind::RefundFailed)).await.unwrap();
    let old = [
        notice(&scheduled, NotificationKind::MeetingInfo, now()),
        notice(&scheduled, NotificationKind::Cancelled, now()),
    ];
    let new = [NotificationKind::Receipt, NotificationKind::PaymentProblem, NotificationKind::Refund]
        .map(|k| notice(&scheduled, k, now()));
    assert_eq!(work.enqueue(&old).await.unwrap() + work.enqueue(&new).await.unwrap(), 5);
    work.commit().await.unwrap();
    let notifications = store.notifications(scheduled.id()).await.unwrap();

    let mut downgraded = Downgraded::new(database, store, 3).await;
    let states = downgraded.database.texts("SELECT state FROM payments ORDER BY id").await;
    assert_eq!(states.iter().filter(|state| *state == "settled").count(), 8);
    assert_eq!(states[8..], ["open", "open", "open", "open", "closed"]);
    let store = downgraded.upgrade().await;
    assert_eq!(downgraded.count("ledger").await, "8");
    for payment in captures.iter().chain(&pending) {
        let state = match payment.state {
            paid if paid.is_paid() => PaymentState::Settled,
            pending if pending.is_pending() => PaymentState::Open,
            closed => closed,
        };
        let expected = Payment {
            state,
            checkout_nonce: None,
            expires_at: None,
            provider_payment_id: None,
            check_at: None,
            ..payment.clone()
        };
        let read = store.payment_by_checkout_id(payment.provider, &payment.provider_checkout_id).await.unwrap();
        assert_eq!(read, Some(expected));
    }
    for payment in &captures {
        let at = payment.settled_at.unwrap_or(payment.created_at);
        let lines = store.ledger(payment.booking).await.unwrap();
        let lines: Vec<_> = lines.into_iter().filter(|line| line.payment == payment.id).collect();
        assert_eq!(lines, [LedgerEntry { at, ..captured(payment) }]);
    }
    let queued_refund = |booking: &Booking, payment: &Payment, amount| NewRefund {
        amount,
        cause: RefundCause::Cancelled,
        requested_by: Some(practice.client),
        created_at: minutes_after(now(), 5),
        next_at: (payment.provider != Provider::Offline).then(|| minutes_after(now(), 5)),
        ..refund(payment, &format!("cancel-{}", booking.id()))
    };
    let mut queued = Vec::new();
    for (booking, expected) in [
        (&online, Some(queued_refund(&online, &captures[1], eur(9_000)))),
        (&offline, Some(queued_refund(&offline, &captures[2], eur(4_000)))),
        (&too_much, Some(queued_refund(&too_much, &captures[3], eur(9_000)))),
        (&nothing, None),
        (&unpaid, None),
        (&scheduled, None),
        (&expired, None),
        (&held, None),
    ] {
        let found = store.refunds(booking.id()).await.unwrap();
        let ids: Vec<_> = found.iter().map(|refund| refund.id).collect();
        assert_eq!(ids.len(), expected.iter().len());
        assert_eq!(found, expected.into_iter().zip(ids).map(|(new, id)| new.with_id(id)).collect::<Vec<_>>());
        queued.extend(found);
    }
    queued.retain(|refund| refund.next_at.is_some());
    assert_eq!(store.refunds_due(slot(0), 9).await.unwrap(), queued);
    assert_eq!(store.payment_problems(None, 9).await.unwrap(), []);
    assert_eq!(store.notifications(scheduled.id()).await.unwrap(), notifications[..2]);
    let mut work = store.begin().await.unwrap();
    assert!(
        work.add_payment_event(Provider::Stripe, "evt", now()).await.unwrap(),
        "the older release has no webhook ids"
    );
    assert_eq!(work.enqueue(&new).await.unwrap(), 3);
    work.add_ledger_entry(&moved(&queued[0], LedgerKind::Refunded)).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(store.refunds(online.id()).await.unwrap().len(), 1);
}

/// Bookings that an older release changed are in the totals afterwards, and block their time.
pub async fn bookings_of_an_older_release_are_counted(database: impl Database) {
    let store = migrated(&database).await;
    let practice = PracticeFixture::create(&store).await;
    let mut work = store.begin().await.unwrap();
    let scheduled = (BookingStatus::Scheduled, PaymentStatus::NotRequired);
    let mut states: Vec<_> = legal_states().chain(legal_states().skip(3)).chain([scheduled]).collect();
    let mut last = slot(0);
    for (hour, (status, paid)) in (0..).zip(&states) {
        last = slot(hour);
        let booking = practice.booking_in(work.next_booking_id().await.unwrap(), last, *status, *paid);
        work.add_booking(&booking).await.unwrap();
    }
    work.commit().await.unwrap();

    let mut downgraded = Downgraded::new(database, store, 4).await;
    let (status, payment_status) = states.remove(0);
    states.push((BookingStatus::Expired, PaymentStatus::Cancelled));
    let expire = format!(
        "UPDATE bookings SET status = 'expired', payment_status = 'cancelled', room_id = NULL, hold_expires_at = NULL \
         WHERE id = (SELECT min(id) FROM bookings WHERE status = '{}' AND payment_status = '{}')",
        status.as_str(),
        payment_status.as_str()
    );
    downgraded.database.run(&expire).await;
    let store = downgraded.upgrade().await;
    for (status, payment_status) in legal_states() {
        let filter =
            BookingFilter { status: Some(status), payment_status: Some(payment_status), ..BookingFilter::default() };
        let found = store.bookings(&filter, PageRequest { limit: 100, offset: 0 }.into()).await.unwrap();
        let expected = states.iter().filter(|state| **state == (status, payment_status)).count();
        assert_eq!((found.items.len(), found.total), (expected, u64::try_from(expected).unwrap()), "{filter:?}");
    }
    let mut work = store.begin().await.unwrap();
    let id = work.next_booking_id().await.unwrap();
    let late = work.add_booking(&practice.booking(id, minutes_after(last, 59))).await;
    assert!(late.unwrap_err().is_conflict(Conflict::SlotTaken));
}

/// Bookings keep the UID that they were emailed with, emails that wait are sent once, and users without a password get one
/// that no one knows.
pub async fn bookings_of_an_older_release_keep_their_calendar_uids(database: impl Database) {
    let store = migrated(&database).await;
    let practice = PracticeFixture::create(&store).await;
    let mut invited = client("invited");
    (invited.password_hash, invited.language) = (None, Some(Language::German));
    let mut work = store.begin().await.unwrap();
    let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
    work.add_booking(&booking).await.unwrap();
    let invited_id = work.add_user(&invited).await.unwrap();
    let info = notice(&booking, NotificationKind::MeetingInfo, now());
    let about_user = NewNotification { subject: NotificationSubject::User(invited_id), ..info.clone() };
    assert_eq!(work.enqueue(&[info.clone(), about_user]).await.unwrap(), 2);
    work.commit().await.unwrap();
    let emails = store.notifications(booking.id()).await.unwrap();
    let (client, first) = (store.user(practice.client).await.unwrap(), store.installation().await.unwrap());

    let mut downgraded = Downgraded::new(database, store, 6).await;
    assert_eq!(downgraded.count("outbox").await, "1", "the older release has no emails about users");
    let store = downgraded.upgrade().await;
    assert_eq!(store.notifications(booking.id()).await.unwrap(), emails);
    let verified = client.map(|client| User { email_verified_at: Some(client.created_at), ..client });
    assert_eq!(store.user(practice.client).await.unwrap(), verified);
    let credentials = store.credentials(&invited.email).await.unwrap().unwrap();
    assert_eq!((credentials.user.id, credentials.user.language), (invited_id, None));
    assert!(credentials.password_hash.unwrap().as_str().starts_with("$argon2id$"));

    let installation = store.installation().await.unwrap();
    assert!(installation.id != first.id && installation.legacy_uids.is_none(), "{installation:?}");
    let mut work = store.begin().await.unwrap();
    assert_eq!(work.enqueue(&[info]).await.unwrap(), 0, "what was queued is known");
    // The first domain that is named is that of the emails.
    work.set_legacy_uid_domain("practice.example.org").await.unwrap();
    let new = work.next_booking_id().await.unwrap();
    work.add_booking(&practice.booking(new, slot(5))).await.unwrap();
    work.set_legacy_uid_domain("other.example.org").await.unwrap();
    let next_user = work.add_user(&crate::fixtures::client("next")).await.unwrap();
    work.commit().await.unwrap();
    assert!(next_user > invited_id, "ids are not reused");
    let upgraded = store.installation().await.unwrap();
    assert_eq!(upgraded.id, installation.id);
    assert_eq!(upgraded.calendar_uid(booking.id()), format!("booking-{}@practice.example.org", booking.id()));
    assert_eq!(upgraded.calendar_uid(new), format!("booking-{new}@{}", upgraded.id));
}

/// Addresses count as verified and admins get time to set up a second factor; attempts still count, and the older release
/// gets none of the emails that it does not know.
pub async fn accounts_survive_a_downgrade_to_before_the_second_factor(database: impl Database) {
    let store = migrated(&database).await;
    let practice = PracticeFixture::create(&store).await;
    let mut work = store.begin().await.unwrap();
    let off = work.add_user(&therapist("disabled")).await.unwrap();
    let before = work.user(off).await.unwrap().unwrap();
    work.save_user(&User { disabled: true, ..before }).await.unwrap();
    let verified = NewUser { email_verified_at: Some(slot(0)), ..client("verified") };
    let verified = work.add_user(&verified).await.unwrap();
    work.save_totp_factor(practice.therapist, &totp_factor(1, 1)).await.unwrap();
    work.set_recovery_codes(practice.therapist, &[token_hash(1)]).await.unwrap();
    work.add_one_time_token(&one_time_token(practice.client, OneTimePurpose::LogIn)).await.unwrap();
    assert!(work.count_attempt(&attempt_key(1), now(), now(), 1).await.unwrap());
    let login = work.add_login_session(&session(practice.client)).await.unwrap();
    work.step_up(login, now()).await.unwrap();
    let booking = practice.booking(work.next_booking_id().await.unwrap(), slot(0));
    work.add_booking(&booking).await.unwrap();
    let mut emails = vec![notice(&booking, NotificationKind::MeetingInfo, now())];
    let about_accounts = NotificationKind::WITHOUT_OFFSET.into_iter().filter(|kind| kind.is_about_account());
    emails.extend(about_accounts.map(|kind| account_notification(practice.client, kind, now())));
    assert_eq!(work.enqueue(&emails).await.unwrap(), 14);
    work.commit().await.unwrap();

    let mut downgraded = Downgraded::new(database, store, 13).await;
    assert_eq!((downgraded.count("outbox").await, downgraded.count("login_failures").await), ("1".into(), "1".into()));
    let store = downgraded.upgrade().await;
    for (id, verified_at, is_due) in [
        (practice.therapist, now(), true),
        (practice.client, now(), false),
        (off, now(), false),
        (verified, slot(0), false),
    ] {
        let user = store.user(id).await.unwrap().unwrap();
        assert_eq!((user.email_verified_at, user.second_factor_at), (Some(verified_at), None));
        let (day, due_at) = (SignedDuration::from_hours(24), user.second_factor_due_at);
        assert_eq!(due_at.is_some(), is_due);
        let left = due_at.map_or(SETUP_PERIOD, |due_at| due_at.duration_since(Timestamp::now()));
        assert!(left > SETUP_PERIOD - day && left <= SETUP_PERIOD, "{left:?}");
    }
    assert_eq!(store.caller(login).await.unwrap().unwrap().session.stepped_up_at, None);
    let mut work = store.begin().await.unwrap();
    assert!(!work.count_attempt(&attempt_key(1), now(), now(), 1).await.unwrap());
    assert_eq!(work.totp_factor(practice.therapist).await.unwrap(), None);
}

/// An image that the older release accepts survives in its row, and is found again by a name.
pub async fn logos_survive_a_downgrade_to_before_they_were_kept_apart(database: impl Database) {
    let store = migrated(&database).await;
    let mut image = vec![0xff, 0xd8, 0xff, 0, 1];
    image.resize(32 * 1024, 7);
    let logo = Logo::new(image).unwrap();
    let name = LogoName::new([3; 8], logo.format());
    let name_of_practice = PracticeName::parse("Attune Heart Therapy").unwrap();
    let practice = Practice { logo: Some(name.clone()), ..Practice::new(name_of_practice, zone("Europe/Berlin")) };
    let mut work = store.begin().await.unwrap();
    work.add_practice(&practice).await.unwrap();
    work.replace_logo(Some((&name, &logo))).await.unwrap();
    work.commit().await.unwrap();

    let mut older = Downgraded::new(database, store, 14).await;
    let store = older.upgrade().await;
    let upgraded = store.practice().await.unwrap().unwrap();
    let renamed = upgraded.logo.clone().unwrap();
    assert_eq!(renamed.format(), ImageFormat::Jpeg);
    assert_eq!(store.logo(&renamed).await.unwrap(), Some(logo));
    // A practice of an older release went without the first steps.
    assert_eq!(Practice { logo: Some(name), ..upgraded }, Practice { is_set_up: true, ..practice });
}
