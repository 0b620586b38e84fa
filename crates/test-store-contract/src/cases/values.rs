//! Round trips of texts, instants, amounts, and every legal state.

use attune_domain::ChangeTerms;
use attune_domain::login_session::LoginSession;
use attune_domain::notification::{NotificationKind, NotificationState};
use attune_domain::{
    Booking, BookingId, BookingRecord, BookingStatus, Cancellation, PaymentStatus, PersonName, SeriesId, User,
};
use attune_ports::{
    AuditEntry, AuditObject, DeliveryResult, LeaseToken, LoginHistory, NewLoginSession, NewPayment, NewService,
    NewUser, Provider,
};
use jiff::Timestamp;

use super::finer;
use crate::Backend;
use crate::fixtures::{
    all_states, at, audit_entry, client, in_state, lease, legal_states, minutes_after, money, name, next_version,
    notice, now, password_hash, payment, restored, service, session, slot,
};

/// Texts that something on the way to a disk could take for something else.
pub(super) const TEXTS: [&str; 14] = [
    "",
    " blanks around ",
    "O'Brien said \"no\"; -- `really` \\ /* % _ */",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🦊",
    "שלום עליכם",
    "مرحبا بالعالم",
    "𝒳 𠜎 𐍈",
    "e\u{301} is not é",
    "one\nline\r\nand\tanother",
    "\u{200f}right to left\u{200e} and back",
    "\u{feff}first",
    "\u{1}\u{7f}\u{85}",
    "NULL",
    "{\"a\": [1, null]} $1 ?1 :a @b",
];

/// Instants at which calendars, epochs and clocks have their edges, down to the millisecond.
pub(super) const INSTANTS: [&str; 10] = [
    "1900-01-01T00:00:00.001Z",
    "1969-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00Z",
    "2027-03-28T00:59:59.999Z",
    "2027-03-28T01:00:00Z",
    "2027-10-31T00:30:00.500Z",
    "2027-10-31T01:30:00.500Z",
    "2028-02-29T23:59:59.001Z",
    "2038-01-19T03:14:08.007Z",
    "9999-12-30T20:00:00.999Z",
];

async fn expect_round_trip(backend: &Backend, booking: &Booking) {
    backend.commit(async |work| work.add_booking(booking).await).await;
    expect_booking(backend, booking).await;
}

async fn expect_booking(backend: &Backend, booking: &Booking) {
    assert_eq!(backend.read_booking(booking.id()).await.as_ref(), Some(booking));
    let found = backend.uncommitted(async |work| work.booking(booking.id()).await).await.unwrap();
    assert_eq!(found.as_ref(), Some(booking));
}

/// Saves a booking that is stored already, and reads it.
async fn expect_saved(backend: &Backend, booking: &Booking) {
    backend.save_booking(booking).await;
    expect_booking(backend, booking).await;
}

async fn next_id(backend: &Backend) -> BookingId {
    backend.commit(async |work| work.next_booking_id().await).await
}

pub async fn every_legal_state_round_trips(backend: &Backend) {
    let practice = backend.practice().await;
    for (hour, (status, paid)) in (0..).zip(legal_states()) {
        let booking = practice.booking_in(next_id(backend).await, slot(hour), status, paid);
        expect_round_trip(backend, &booking).await;
    }
}

pub async fn every_legal_state_can_be_written_over_another(backend: &Backend) {
    let (_, mut booking) = backend.booked().await;
    let states: Vec<_> = legal_states().collect();
    // Forwards and backwards, so that rooms, holds and cancellations both come and go.
    for (status, paid) in states.iter().chain(states.iter().rev().step_by(3)) {
        booking = restored(in_state(next_version(&booking), *status, *paid));
        expect_saved(backend, &booking).await;
    }
}

pub async fn illegal_states_cannot_be_built(backend: &Backend) {
    let practice = backend.practice().await;
    let id = next_id(backend).await;
    let mut illegal = 0;
    for (status, paid) in all_states().filter(|(status, paid)| !paid.is_legal_with(*status)) {
        assert!(Booking::restore(in_state(practice.record(id, slot(0)), status, paid)).is_err(), "{status:?} {paid:?}");
        illegal += 1;
    }
    assert_eq!(illegal + legal_states().count(), BookingStatus::ALL.len() * PaymentStatus::ALL.len());
}

pub async fn optional_fields_of_a_booking_come_and_go(backend: &Backend) {
    let practice = backend.practice().await;
    let bare = practice.booking(next_id(backend).await, slot(0));
    expect_round_trip(backend, &bare).await;
    let cancellation = Cancellation {
        at: minutes_after(now(), 1),
        by: practice.therapist,
        late: true,
        reason: Some("away".to_owned()),
        refund: money(1, "EUR"),
    };
    let full = BookingRecord {
        note: Some("please ring".to_owned()),
        series: Some(SeriesId::from(bare.id())),
        cancellation: Some(cancellation.clone()),
        room: bare.room().cloned(),
        hold_expires_at: Some(now()),
        ..in_state(next_version(&bare), BookingStatus::Cancelled, PaymentStatus::RefundPending)
    };
    let without_reason = BookingRecord {
        version: 3,
        note: Some(String::new()),
        cancellation: Some(Cancellation { reason: None, late: false, by: practice.client, ..cancellation }),
        room: None,
        hold_expires_at: None,
        ..full.clone()
    };
    let bare_again = BookingRecord { version: 4, ..bare.record().clone() };
    for record in [full, without_reason, bare_again] {
        let booking = restored(record);
        expect_saved(backend, &booking).await;
    }
}

pub async fn amounts_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    let amounts = [
        money(0, "EUR"),
        money(1, "USD"),
        money(9_999, "JPY"),
        money(1_234_567, "KWD"),
        money(1_000_000_000_000, "XAF"),
    ];
    for (hour, price) in (0..).zip(amounts) {
        let record = practice.record(next_id(backend).await, slot(hour));
        let cancelled = in_state(BookingRecord { price, ..record }, BookingStatus::Cancelled, PaymentStatus::Succeeded);
        let cancellation = cancelled.cancellation.clone().map(|c| Cancellation { refund: price, ..c });
        let booking = restored(BookingRecord { cancellation, ..cancelled });
        expect_round_trip(backend, &booking).await;
        let paid = NewPayment { amount: price, ..payment(booking.id(), &format!("r{hour}")) };
        backend.commit(async |work| work.add_payment(&paid).await).await;
        assert_eq!(backend.queries.payments(booking.id()).await.unwrap()[0].amount, price);
        let offered = backend.commit(async |work| work.add_service(&NewService { price, ..service() }).await).await;
        let read = backend.uncommitted(async |work| work.service(offered).await).await.unwrap();
        assert_eq!(read.unwrap().price, price);
    }
}

pub async fn link_versions_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    for (hour, link_version) in (0..).zip([1, 2, 1_000_000, i32::MAX.unsigned_abs() + 1, u32::MAX]) {
        let record = BookingRecord { link_version, ..practice.record(next_id(backend).await, slot(hour)) };
        let booking = restored(record);
        expect_round_trip(backend, &booking).await;
        let (revoked, _) = booking.revoke_links(now()).unwrap();
        expect_saved(backend, &revoked).await;
        assert_eq!(revoked.link_version(), link_version.saturating_add(1));
    }
}

pub async fn terms_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    const MOST: u32 = ChangeTerms::MAX_MINUTES;
    const GRACE: u32 = ChangeTerms::MAX_GRACE_MINUTES;
    let mut seen: Option<Booking> = None;
    for (hour, (free_minutes, grace_minutes, late_refund_percent, reschedule_minutes)) in
        (0..).zip([(0, 0, 0, 0), (MOST, GRACE, 100, MOST), (1, 0, 99, 0), (0, 1, 1, MOST - 1)])
    {
        let terms = ChangeTerms { free_minutes, grace_minutes, late_refund_percent, reschedule_minutes };
        let inserted = restored(BookingRecord { terms, ..practice.record(next_id(backend).await, slot(hour)) });
        expect_round_trip(backend, &inserted).await;
        if let Some(before) = seen {
            let rewritten = restored(BookingRecord { terms, ..next_version(&before) });
            expect_saved(backend, &rewritten).await;
        }
        seen = Some(inserted);
    }
}

pub async fn instants_round_trip_to_the_millisecond(backend: &Backend) {
    let practice = backend.practice().await;
    for (n, instant) in INSTANTS.map(at).into_iter().enumerate() {
        let whole_second = Timestamp::from_second(instant.as_second()).unwrap();
        let record = practice.record(next_id(backend).await, whole_second);
        let record = BookingRecord { created_at: instant, updated_at: instant, ..record };
        let cancelled = in_state(record, BookingStatus::Cancelled, PaymentStatus::Cancelled);
        let booking = restored(BookingRecord { hold_expires_at: Some(instant), ..cancelled });
        assert_eq!(booking.cancellation().unwrap().at, instant);
        expect_round_trip(backend, &booking).await;

        let new = NewUser { email_verified_at: Some(instant), created_at: instant, ..client(&format!("u{n}")) };
        let user = backend.add_user(&new).await;
        let read = backend.read_user(user).await;
        assert_eq!((read.created_at, read.email_verified_at), (instant, Some(instant)));
        let changed = User { second_factor_at: Some(instant), second_factor_due_at: Some(instant), ..read };
        let changed = backend.save_user(changed).await;
        assert_eq!(backend.read_user(user).await, changed);

        let paid =
            NewPayment { created_at: instant, settled_at: Some(instant), ..payment(booking.id(), &format!("r{n}")) };
        backend.commit(async |work| work.add_payment(&paid).await).await;
        let read = backend.queries.payments(booking.id()).await.unwrap().remove(0);
        assert_eq!(read, paid.with_id(read.id));

        let line = AuditEntry { at: instant, ..audit_entry(AuditObject::Booking(booking.id()), "some.thing") };
        backend.commit(async |work| work.add_audit_entry(&line).await).await;
        assert_eq!(backend.queries.history(booking.id()).await.unwrap(), [line]);

        let login = backend.commit(async |work| {
            let id = work.add_login_session(&NewLoginSession { created_at: instant, ..session(user) }).await?;
            let login = work.session(id).await?.expect("just added");
            let ended = LoginSession { rotated_at: instant, ended_at: Some(instant), ..login };
            work.save_login_session(&ended).await?;
            Ok(ended)
        });
        let login = login.await;
        assert_eq!(login.created_at, instant);
        assert_eq!(backend.queries.caller(login.id).await.unwrap().unwrap().session, login);

        let conference = backend.commit(async |work| {
            let id = work.open_conference(booking.id(), instant).await?;
            work.close_conference(id, instant).await?;
            Ok(id)
        });
        let found = backend.queries.conference(conference.await).await.unwrap().unwrap();
        assert_eq!((found.opened_at, found.closed_at), (instant, Some(instant)));

        let queued = notice(&booking, NotificationKind::MeetingInfo, instant);
        let (state, sent_at) = (NotificationState::Sent, Some(instant));
        let sent = DeliveryResult { state, next_at: instant, sent_at, last_error: None };
        let acknowledged = backend.commit(async |work| {
            work.enqueue(std::slice::from_ref(&queued)).await?;
            let leased = work.lease_notifications(1, instant, &lease(1, minutes_after(instant, 1))).await?;
            work.ack_notification(leased[0].id, &LeaseToken([1; 16]), &sent).await
        });
        assert!(acknowledged.await);
        let email = &backend.queries.notifications(booking.id()).await.unwrap()[0];
        assert_eq!((&email.content, email.next_at, email.sent_at), (&queued, instant, sent_at));
    }
}

pub async fn instants_are_truncated_to_milliseconds(backend: &Backend) {
    let finer = finer(now());
    let id = backend.add_user(&NewUser { created_at: finer, email_verified_at: Some(finer), ..client("u") }).await;
    let user = backend.read_user(id).await;
    assert_eq!((user.created_at, user.email_verified_at), (now(), Some(now())));
    let saved = User { second_factor_at: Some(finer), second_factor_due_at: Some(finer), ..user };
    let saved = backend.save_user(saved).await;
    let user = User { second_factor_at: Some(now()), second_factor_due_at: Some(now()), ..saved };
    assert_eq!(backend.uncommitted(async |work| work.user(id).await).await.unwrap(), Some(user));
}

pub async fn texts_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    for (hour, text) in (0..).zip(TEXTS) {
        let record = practice.record(next_id(backend).await, slot(hour));
        let record = BookingRecord { note: Some(text.to_owned()), ..record };
        let cancelled = in_state(record, BookingStatus::Cancelled, PaymentStatus::NotRequired);
        let cancellation = cancelled.cancellation.clone().map(|c| Cancellation { reason: Some(text.to_owned()), ..c });
        let booking = restored(BookingRecord { cancellation, ..cancelled });
        expect_round_trip(backend, &booking).await;

        let paid = NewPayment {
            provider: Provider::Offline,
            checkout_url: Some(text.to_owned()),
            provider_payment_id: Some(text.to_owned()),
            method: Some(text.to_owned()),
            memo: Some(text.to_owned()),
            ..payment(booking.id(), text)
        };
        backend.commit(async |work| work.add_payment(&paid).await).await;
        let read = backend.queries.payment_by_checkout_id(Provider::Offline, text).await.unwrap();
        let read = read.unwrap();
        assert_eq!(read, paid.with_id(read.id));

        let line =
            AuditEntry { request_id: Some(text.to_owned()), ..audit_entry(AuditObject::Booking(booking.id()), text) };
        backend.commit(async |work| work.add_audit_entry(&line).await).await;
        assert_eq!(backend.queries.history(booking.id()).await.unwrap(), [line]);

        let new = NewService { name: text.to_owned(), description: text.to_owned(), ..service() };
        let offered = backend.commit(async |work| work.add_service(&new).await).await;
        let read = backend.uncommitted(async |work| work.service(offered).await).await.unwrap().unwrap();
        assert_eq!((read.name.as_str(), read.description.as_str()), (text, text));

        backend.commit(async |work| work.set_password(practice.client, Some(&password_hash(text))).await).await;
        let login = NewLoginSession { network: Some(text.to_owned()), ..session(practice.client) };
        backend.commit(async |work| work.add_login_session(&login).await).await;
        let credentials = backend.queries.credentials_of(practice.client).await.unwrap().unwrap();
        assert_eq!(credentials.password_hash, Some(password_hash(text)));
        let history = backend.queries.login_history(practice.client, Some(text), None, now()).await.unwrap();
        assert_eq!(history, LoginHistory::Known);
    }
}

pub async fn the_longest_note_round_trips(backend: &Backend) {
    let practice = backend.practice().await;
    let note = "🦊".repeat(Booking::MAX_NOTE_CHARS);
    let record = practice.record(next_id(backend).await, slot(0));
    expect_round_trip(backend, &restored(BookingRecord { note: Some(note), ..record })).await;
}

pub async fn names_round_trip(backend: &Backend) {
    let practice = backend.practice().await;
    let longest = "𝒳".repeat(PersonName::MAX_CHARS);
    for typed in [
        "O'Brien",
        "Anna-Lena \"Lenchen\"",
        "👩‍👩‍👧‍👦",
        "משה",
        "فاطمة",
        "李小龍",
        "Z\u{308}oe",
        "Nguyễn Thị",
        "Robert'); --",
        &longest,
    ] {
        let user = backend.read_user(practice.client).await;
        let renamed = User { first_name: Some(name(typed)), last_name: Some(name(typed)), ..user };
        let renamed = backend.save_user(renamed).await;
        let read = backend.read_user(practice.client).await;
        assert_eq!(read.first_name.as_ref().unwrap().as_str(), typed);
        assert_eq!(read, renamed);
    }
}
