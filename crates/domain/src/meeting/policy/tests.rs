use proptest::prelude::*;

use super::*;
use crate::BookingStatus;
use crate::booking::{BookingRecord, BookingRequest, PaymentPlan};
use crate::meeting::NewRoom;
use crate::{BookingId, Cancellation, Currency, MeetingBaseUrl, Money, PaymentStatus, RoomTail, ServiceId};

const POLICY: MeetingLinkPolicy = MeetingLinkPolicy { grace: SignedDuration::from_mins(30) };

/// 2024-01-15T10:00:00Z, 50 minutes.
const START: i64 = 1_705_312_800;
const END: i64 = START + 50 * 60;
const CLOSE: i64 = END + 30 * 60;

const ROOM: &str = "https://meet.example.org/booking-12-1704880800-07070707070707070707070707070707";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// Booked by client 7 with therapist 1 on 2024-01-10, in the given state.
fn booking(status: BookingStatus) -> Booking {
    let base_url = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
    let price = Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap();
    let (booking, _) = Booking::book(
        BookingRequest {
            id: BookingId::new(12).unwrap(),
            client: user(7),
            therapist: user(1),
            service: ServiceId::new(1).unwrap(),
            scheduled_at: at(START),
            minutes: 50,
            pause_minutes: 10,
            price,
            note: None,
            payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, tail: RoomTail::from_bytes([7; 16]) }),
        },
        at(1_704_880_800),
    )
    .unwrap();
    let agreed = booking.record().clone();
    let cancellation = Cancellation { at: at(START - 60), by: user(7), late: true, reason: None, refund: price };
    Booking::restore(match status {
        BookingStatus::PendingPayment => BookingRecord {
            status,
            payment_status: PaymentStatus::Pending,
            room: None,
            hold_expires_at: Some(at(START)),
            ..agreed
        },
        BookingStatus::Expired => {
            BookingRecord { status, payment_status: PaymentStatus::Cancelled, room: None, ..agreed }
        }
        // A cancelled booking keeps the room it had; its link must be refused all the same.
        BookingStatus::Cancelled => BookingRecord { status, cancellation: Some(cancellation), ..agreed },
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
            BookingRecord { status, ..agreed }
        }
    })
    .unwrap()
}

fn viewer(id: i64, role: Role) -> Viewer {
    Viewer { id: user(id), display_name: "John Doe".to_owned(), role }
}

const INSTANTS: [i64; 10] =
    [0, START - 86_400, START - 1, START, START + 60, END - 1, END, CLOSE - 1, CLOSE, CLOSE + 86_400];

#[test]
fn a_client_link_to_the_letter() {
    let link = POLICY.link_for(&booking(BookingStatus::Scheduled), &viewer(7, Role::Client), at(START)).unwrap();
    assert_eq!(link.url, format!("{ROOM}#userInfo.displayName=%22John%20Doe%22"));
    assert_eq!(link.display_name, "John Doe");
    assert!(!link.is_admin);
}

#[test]
fn an_admin_link_to_the_letter() {
    let link = POLICY.link_for(&booking(BookingStatus::Scheduled), &viewer(1, Role::Admin), at(START)).unwrap();
    assert_eq!(
        link.url,
        format!(
            "{ROOM}#userInfo.displayName=%22John%20Doe%22\
             &config.startWithAudioMuted=false&config.startWithVideoMuted=false"
        )
    );
    assert!(link.is_admin);
}

/// Everybody, every status, every time. The expectation is written per person, from the contract and not from the code.
#[test]
fn who_gets_which_link_when() {
    for status in BookingStatus::ALL {
        for now in INSTANTS {
            let open_until_close = if now < CLOSE { Ok(()) } else { Err(LinkRefusal::Over) };
            let for_those_it_concerns = match status {
                BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => open_until_close,
                BookingStatus::PendingPayment => Err(LinkRefusal::NotConfirmed),
                BookingStatus::Cancelled | BookingStatus::Expired => Err(LinkRefusal::Cancelled),
            };
            for (who, viewer, expected) in [
                ("owner", viewer(7, Role::Client), for_those_it_concerns),
                ("stranger", viewer(8, Role::Client), Err(LinkRefusal::NotYours)),
                ("therapist without the role", viewer(1, Role::Client), Err(LinkRefusal::NotYours)),
                ("admin", viewer(1, Role::Admin), for_those_it_concerns),
                ("another admin", viewer(2, Role::Admin), for_those_it_concerns),
                ("admin as owner", viewer(7, Role::Admin), for_those_it_concerns),
            ] {
                let link = POLICY.link_for(&booking(status), &viewer, at(now));
                let what = format!("{who}, {}, {} s after the start: {link:?}", status.as_str(), now - START);
                assert_eq!(link.as_ref().map(|_| ()).map_err(|refusal| *refusal), expected, "{what}");
                if let Ok(link) = link {
                    assert!(link.url.starts_with(&format!("{ROOM}#")), "{what}");
                    assert_eq!(link.is_admin, viewer.role == Role::Admin, "{what}");
                    assert_eq!(link.url.contains("config."), link.is_admin, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_stranger_learns_nothing() {
    let told: Vec<_> = BookingStatus::ALL
        .into_iter()
        .flat_map(|status| INSTANTS.map(|now| POLICY.link_for(&booking(status), &viewer(8, Role::Client), at(now))))
        .collect();
    assert_eq!(told.len(), 60);
    assert!(told.iter().all(|answer| *answer == Err(LinkRefusal::NotYours)));
}

#[test]
fn the_room_closes_when_the_grace_is_over() {
    let booking = booking(BookingStatus::Scheduled);
    assert_eq!(POLICY.closes_at(&booking), at(CLOSE));
    let strict = MeetingLinkPolicy { grace: SignedDuration::ZERO };
    assert!(strict.link_for(&booking, &viewer(7, Role::Client), at(END - 1)).is_ok());
    assert_eq!(strict.link_for(&booking, &viewer(7, Role::Client), at(END)), Err(LinkRefusal::Over));
    let endless = MeetingLinkPolicy { grace: SignedDuration::MAX };
    assert_eq!(endless.closes_at(&booking), Timestamp::MAX);
}

#[test]
fn the_link_carries_the_name_and_role_of_this_moment() {
    let booking = booking(BookingStatus::Scheduled);
    let renamed = Viewer { display_name: "Jane Roe".to_owned(), ..viewer(7, Role::Client) };
    let url = POLICY.link_for(&booking, &renamed, at(START)).unwrap().url;
    assert_eq!(url, format!("{ROOM}#userInfo.displayName=%22Jane%20Roe%22"));
    let promoted = viewer(7, Role::Admin);
    assert!(POLICY.link_for(&booking, &promoted, at(START)).unwrap().is_admin);
}

/// What stands behind the `#`, split as a browser script would.
fn keys(url: &str) -> Vec<&str> {
    let (_, fragment) = url.split_once('#').unwrap();
    fragment.split('&').map(|parameter| parameter.split('=').next().unwrap()).collect()
}

const ADMIN_KEYS: [&str; 3] = ["userInfo.displayName", "config.startWithAudioMuted", "config.startWithVideoMuted"];

#[test]
fn a_hostile_name_stays_a_name() {
    let booking = booking(BookingStatus::Scheduled);
    for name in [
        "x\"&config.startWithAudioMuted=false&y=\"",
        "x&config.startWithAudioMuted=false",
        "x%22&config.prejoinConfig.enabled=false&y=%22",
        "\u{201d}&jwt=\u{201c}",
        "x\\&config.x=1",
        "x\\\"&config.x=1",
        "#config.x=1",
        "=&=&=",
        "\r\n&config.x=1",
        "",
        "\u{202e}&config.x=1",
    ] {
        for (role, expected) in [(Role::Client, &ADMIN_KEYS[..1]), (Role::Admin, &ADMIN_KEYS[..])] {
            let viewer = Viewer { display_name: name.to_owned(), ..viewer(7, role) };
            let link = POLICY.link_for(&booking, &viewer, at(START)).unwrap();
            assert_eq!(keys(&link.url), expected, "{name:?} gave {}", link.url);
            assert_eq!(link.display_name, name, "the name itself is handed back as it was");
        }
    }
}

#[test]
fn a_viewer_is_what_the_user_is_now() {
    let mut person = crate::User {
        id: user(7),
        email: crate::EmailAddress::parse("john@example.org").unwrap(),
        first_name: crate::PersonName::parse("John").unwrap(),
        last_name: crate::PersonName::parse("Doe").unwrap(),
        chosen_name: None,
        time_zone: None,
        role: Role::Client,
        disabled: false,
        email_verified_at: None,
        created_at: at(0),
    };
    assert_eq!(Viewer::from(&person), viewer(7, Role::Client));
    person.role = Role::Admin;
    person.last_name = None;
    let renamed = Viewer { display_name: "john@example.org".to_owned(), ..viewer(7, Role::Admin) };
    assert_eq!(Viewer::from(&person), renamed);
}

proptest! {
    #[test]
    fn no_name_changes_the_room_or_adds_a_wish(name: String, admin: bool) {
        let role = if admin { Role::Admin } else { Role::Client };
        let viewer = Viewer { display_name: name, ..viewer(7, role) };
        let url = POLICY.link_for(&booking(BookingStatus::Scheduled), &viewer, at(START)).unwrap().url;
        let parsed = url::Url::parse(&url).unwrap();
        prop_assert_eq!(url.split('#').next(), Some(ROOM));
        prop_assert_eq!(parsed.query(), None);
        prop_assert_eq!(keys(&url), if admin { &ADMIN_KEYS[..] } else { &ADMIN_KEYS[..1] });
        prop_assert_eq!(parsed.as_str(), url.as_str(), "nothing is left for a browser to rewrite");
    }
}
