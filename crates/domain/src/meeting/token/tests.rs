use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::booking::{BookingRecord, BookingRequest, PaymentPlan};
use crate::meeting::{MeetingLinkPolicy, NewRoom};
use crate::{BookingStatus, Cancellation, Currency, MeetingBaseUrl, Money, PaymentStatus, RoomTail, ServiceId, UserId};

const WINDOW: AccessWindow =
    AccessWindow { early: SignedDuration::from_mins(15), grace: SignedDuration::from_mins(30) };

/// 2024-01-15T10:00:00Z, 50 minutes.
const START: i64 = 1_705_312_800;
const OPEN: i64 = START - 15 * 60;
const CLOSE: i64 = START + 80 * 60;

const ROOM_NAME: &str = "booking-12-1704880800-07070707070707070707070707070707";
const ROOM: &str = "https://meet.example.org/booking-12-1704880800-07070707070707070707070707070707";
const TOKEN: &str = "eyJh-bGci.eyJpc3M_.c2ln";

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
    let request = BookingRequest {
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
    };
    let agreed = Booking::book(request, at(1_704_880_800)).unwrap().0.record().clone();
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
        // A cancelled booking keeps the room it had; it must be refused all the same.
        BookingStatus::Cancelled => BookingRecord { status, cancellation: Some(cancellation), ..agreed },
        BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => {
            BookingRecord { status, ..agreed }
        }
    })
    .unwrap()
}

fn viewer(id: i64, role: Role) -> Viewer {
    Viewer { id: user(id), display_name: "Zoë O'Brien & Co".to_owned(), role }
}

fn guest(role: GuestRole) -> Guest {
    Guest {
        id: GuestId::parse("5f9a").unwrap(),
        booking: BookingId::new(12).unwrap(),
        display_name: "Kim".to_owned(),
        role,
    }
}

fn claims(attendee: Attendee<'_>, settings: &TokenSettings) -> MeetingTokenClaims {
    claims_for(&booking(BookingStatus::Scheduled), attendee, &WINDOW, settings, at(START)).unwrap()
}

fn therapist(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Attendee::Account(&viewer(1, Role::Admin)), settings)
}

fn client(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Attendee::Account(&viewer(7, Role::Client)), settings)
}

fn invited(role: GuestRole, settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Attendee::Guest(&guest(role)), settings)
}

/// Everybody who can be in the room of one booking at once.
fn everybody(settings: &TokenSettings) -> [MeetingTokenClaims; 5] {
    [
        therapist(settings),
        client(settings),
        invited(GuestRole::Participant, settings),
        invited(GuestRole::Presenter, settings),
        invited(GuestRole::Observer, settings),
    ]
}

const ALL_SETTINGS: [TokenSettings; 8] = {
    let plain = TokenSettings { recording: RecordingPolicy::Off, visitors: false, fixed_names: false };
    let recorded = TokenSettings { recording: RecordingPolicy::Therapist, ..plain };
    let seated = TokenSettings { visitors: true, ..plain };
    let both = TokenSettings { visitors: true, ..recorded };
    [
        plain,
        recorded,
        seated,
        both,
        TokenSettings { fixed_names: true, ..plain },
        TokenSettings { fixed_names: true, ..recorded },
        TokenSettings { fixed_names: true, ..seated },
        TokenSettings { fixed_names: true, ..both },
    ]
};

fn granted(claims: &MeetingTokenClaims) -> Vec<&'static str> {
    claims.features().iter().filter(|(_, allowed)| *allowed).map(|(feature, _)| feature.as_str()).collect()
}

#[test]
fn what_is_the_same_for_everybody() {
    for claims in everybody(&TokenSettings::default()) {
        assert_eq!(claims.room(), ROOM_NAME);
        assert_eq!(claims.validity(), TokenValidity { not_before: at(OPEN - 60), expires_at: at(CLOSE) });
        assert_eq!(claims.features().iter().count(), Feature::ALL.len());
    }
}

#[test]
fn a_therapist_runs_the_room() {
    let claims = therapist(&TokenSettings::default());
    assert_eq!(claims.subject(), "user-1");
    assert_eq!(claims.name(), "Zoë O'Brien & Co");
    assert_eq!(claims.role(), MeetingRole::Moderator);
    assert_eq!(claims.affiliation().as_str(), "owner");
    assert!(claims.is_moderator() && claims.bypasses_lobby() && !claims.is_visitor());
    assert_eq!(
        granted(&claims),
        [
            "create-polls",
            "file-upload",
            "flip",
            "list-visitors",
            "lobby",
            "moderation",
            "screen-sharing",
            "send-groupchat",
            "send-private-message"
        ]
    );
}

#[test]
fn a_client_talks_writes_and_votes() {
    let claims = client(&TokenSettings::default());
    assert_eq!(claims.subject(), "user-7");
    assert_eq!(claims.role(), MeetingRole::Participant);
    assert_eq!(claims.affiliation().as_str(), "member");
    assert!(!claims.is_moderator() && !claims.bypasses_lobby() && !claims.is_visitor());
    assert_eq!(granted(&claims), ["create-polls", "send-groupchat", "send-private-message"]);
}

#[test]
fn guests_are_what_they_were_invited_as() {
    let settings = TokenSettings::default();
    let participant = invited(GuestRole::Participant, &settings);
    assert_eq!(participant.subject(), "guest-5f9a");
    assert_eq!(granted(&participant), granted(&client(&settings)));
    let presenter = invited(GuestRole::Presenter, &settings);
    assert_eq!(granted(&presenter), ["create-polls", "screen-sharing", "send-groupchat", "send-private-message"]);
    let observer = invited(GuestRole::Observer, &settings);
    assert_eq!(granted(&observer), [""; 0]);
    assert!(!observer.is_visitor(), "the server has no seats for visitors");
    assert!(invited(GuestRole::Observer, &TokenSettings { visitors: true, ..settings }).is_visitor());
    assert!(!invited(GuestRole::Presenter, &TokenSettings { visitors: true, ..settings }).is_visitor());
}

#[test]
fn among_the_people_of_a_booking_the_therapist_alone_owns_the_room_and_records_it() {
    for settings in ALL_SETTINGS {
        let people = everybody(&settings);
        for (index, claims) in people.iter().enumerate() {
            let is_therapist = index == 0;
            assert_eq!(claims.affiliation() == Affiliation::Owner, is_therapist);
            assert_eq!(claims.is_moderator(), is_therapist);
            assert_eq!(claims.bypasses_lobby(), is_therapist);
            let may_record = is_therapist && settings.recording == RecordingPolicy::Therapist;
            assert_eq!(claims.features().allows(Feature::Recording), may_record, "{settings:?}");
            assert_eq!(claims.features().allows(Feature::NameReadonly), settings.fixed_names);
            for never in [
                Feature::Livestreaming,
                Feature::Transcription,
                Feature::LiveTranslation,
                Feature::InboundCall,
                Feature::OutboundCall,
                Feature::SipInboundCall,
                Feature::SipOutboundCall,
            ] {
                assert!(!claims.features().allows(never), "{never:?} carries the session out of the room");
            }
        }
    }
}

#[test]
fn by_default_nobody_records() {
    for claims in everybody(&TokenSettings::default()) {
        assert!(!claims.features().allows(Feature::Recording));
    }
}

#[test]
fn feature_names_are_sorted_and_different() {
    let names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.as_str()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert_eq!(names.len(), 21);
}

/// Everybody, every status, every time. The expectation is written per person, from the contract and not from the code.
#[test]
fn who_gets_a_token_when() {
    let elsewhere = Guest { booking: BookingId::new(13).unwrap(), ..guest(GuestRole::Presenter) };
    for status in BookingStatus::ALL {
        for now in [0, START - 86_400, OPEN - 61, OPEN - 1, OPEN, START, CLOSE - 1, CLOSE, CLOSE + 86_400] {
            let by_time = if now < OPEN {
                Err(TokenRefusal::TooEarly { opens_at: at(OPEN) })
            } else if now < CLOSE {
                Ok(())
            } else {
                Err(TokenRefusal::NoLink(LinkRefusal::Over))
            };
            let for_those_it_concerns = match status {
                BookingStatus::Scheduled | BookingStatus::Completed | BookingStatus::NoShow => by_time,
                BookingStatus::PendingPayment => Err(LinkRefusal::NotConfirmed.into()),
                BookingStatus::Cancelled | BookingStatus::Expired => Err(LinkRefusal::Cancelled.into()),
            };
            let stranger = Err(TokenRefusal::NoLink(LinkRefusal::NotYours));
            for (who, attendee, expected) in [
                ("its client", Attendee::Account(&viewer(7, Role::Client)), for_those_it_concerns),
                ("its therapist", Attendee::Account(&viewer(1, Role::Admin)), for_those_it_concerns),
                ("another therapist", Attendee::Account(&viewer(2, Role::Admin)), for_those_it_concerns),
                ("a therapist as client", Attendee::Account(&viewer(7, Role::Admin)), for_those_it_concerns),
                ("another client", Attendee::Account(&viewer(8, Role::Client)), stranger),
                ("the therapist's number, as client", Attendee::Account(&viewer(1, Role::Client)), stranger),
                ("a guest", Attendee::Guest(&guest(GuestRole::Observer)), for_those_it_concerns),
                ("a guest of another session", Attendee::Guest(&elsewhere), stranger),
            ] {
                let settings = TokenSettings::default();
                let found = claims_for(&booking(status), attendee, &WINDOW, &settings, at(now));
                assert_eq!(found.map(|_| ()), expected, "{who}, {status:?}, {now}");
            }
        }
    }
}

/// As long as the door is not the reason, a signed link is refused exactly when and why an unsigned one is.
#[test]
fn the_refusals_are_those_of_unsigned_links() {
    let policy = MeetingLinkPolicy { grace: WINDOW.grace };
    for status in BookingStatus::ALL {
        for now in [OPEN, START, CLOSE - 1, CLOSE, CLOSE + 86_400].map(at) {
            for id in [1, 7, 8] {
                for role in [Role::Client, Role::Admin] {
                    let (booking, viewer) = (booking(status), viewer(id, role));
                    let unsigned = policy.link_for(&booking, &viewer, now).map(|_| ()).map_err(TokenRefusal::NoLink);
                    let settings = TokenSettings::default();
                    let signed = claims_for(&booking, Attendee::Account(&viewer), &WINDOW, &settings, now);
                    assert_eq!(signed.map(|_| ()), unsigned, "{status:?} {now} {id} {role:?}");
                }
            }
        }
    }
}

#[test]
fn a_moved_session_has_a_moved_door() {
    let settings = TokenSettings::default();
    let (moved, _) = booking(BookingStatus::Scheduled).reschedule(at(START + 86_400), Role::Admin, at(OPEN)).unwrap();
    let admin = viewer(1, Role::Admin);
    let refused = claims_for(&moved, Attendee::Account(&admin), &WINDOW, &settings, at(START));
    assert_eq!(refused.unwrap_err(), TokenRefusal::TooEarly { opens_at: at(OPEN + 86_400) });
    let claims = claims_for(&moved, Attendee::Account(&admin), &WINDOW, &settings, at(START + 86_400)).unwrap();
    assert_eq!(claims.room(), ROOM_NAME, "the room stays");
}

#[test]
fn links_to_the_letter() {
    let settings = TokenSettings { visitors: true, ..TokenSettings::default() };
    let brien = "userInfo.displayName=%22Zo%5Cu00eb%20O%5Cu2019Brien%20%5Cuff06%20Co%22";
    let kim = "userInfo.displayName=%22Kim%22";
    let muted = "&config.startWithAudioMuted=true&config.startWithVideoMuted=true";
    for (claims, rest) in [
        (therapist(&settings), format!("{brien}&config.startWithAudioMuted=false&config.startWithVideoMuted=false")),
        (client(&settings), brien.to_owned()),
        (invited(GuestRole::Presenter, &settings), kim.to_owned()),
        (invited(GuestRole::Observer, &TokenSettings::default()), format!("{kim}{muted}")),
        (invited(GuestRole::Observer, &settings), format!("{kim}{muted}&config.preferVisitor=true")),
    ] {
        let link = SignedLink::new(&claims, TOKEN, TokenPlacement::default());
        assert_eq!(link.url, format!("{ROOM}?jwt={TOKEN}#{rest}"));
        let link = SignedLink::new(&claims, TOKEN, TokenPlacement::Fragment);
        assert_eq!(link.url, format!("{ROOM}#jwt=%22{TOKEN}%22&{rest}"));
        assert_eq!((link.role, link.expires_at), (claims.role(), at(CLOSE)));
    }
    assert_eq!(SignedLink::new(&client(&settings), TOKEN, TokenPlacement::Query).display_name, "Zoë O'Brien & Co");
}

/// Without its token a signed link is the unsigned one.
#[test]
fn the_rest_of_a_signed_link_is_the_unsigned_link() {
    let policy = MeetingLinkPolicy { grace: WINDOW.grace };
    let booking = booking(BookingStatus::Scheduled);
    for viewer in [viewer(1, Role::Admin), viewer(7, Role::Client)] {
        let unsigned = policy.link_for(&booking, &viewer, at(START)).unwrap();
        let claims = claims(Attendee::Account(&viewer), &TokenSettings::default());
        let query = SignedLink::new(&claims, TOKEN, TokenPlacement::Query);
        assert_eq!(query.url.replace(&format!("?jwt={TOKEN}"), ""), unsigned.url);
        let fragment = SignedLink::new(&claims, TOKEN, TokenPlacement::Fragment);
        assert_eq!(fragment.url.replace(&format!("jwt=%22{TOKEN}%22&"), ""), unsigned.url);
        assert_eq!(query.display_name, unsigned.display_name);
    }
}

#[test]
fn a_token_cannot_leave_its_parameter() {
    let hostile = "a&jwt=b#c=\"d e%22";
    let claims = client(&TokenSettings::default());
    for placement in [TokenPlacement::Query, TokenPlacement::Fragment] {
        let url = url::Url::parse(&SignedLink::new(&claims, hostile, placement).url).unwrap();
        let parameters = url.fragment().unwrap().split('&').count();
        match placement {
            TokenPlacement::Query => {
                let pairs: Vec<_> = url.query_pairs().collect();
                assert_eq!(pairs, [("jwt".into(), hostile.into())]);
                assert_eq!(parameters, 1);
            }
            TokenPlacement::Fragment => {
                assert_eq!(url.query(), None);
                assert_eq!(parameters, 2);
            }
        }
    }
}

#[test]
fn guest_ids_are_opaque() {
    for good in ["a", "5F9a-00", &"x".repeat(64)] {
        assert!(GuestId::parse(good).is_ok(), "{good}");
    }
    for bad in ["", "kim@example.org", "a b", "ä", "a/b", "a.b", "\"", &"x".repeat(65)] {
        assert_eq!(GuestId::parse(bad), Err(NotAGuestId), "{bad}");
    }
}

#[test]
fn debug_shows_neither_names_nor_rooms_nor_tokens() {
    let claims = therapist(&TokenSettings::default());
    let link = SignedLink::new(&claims, TOKEN, TokenPlacement::Query);
    let shown = format!("{claims:?} {link:?} {:?}", guest(GuestRole::Observer));
    for secret in ["Brien", "Kim", "booking-12", TOKEN] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("user-1") && shown.contains("Moderator"), "{shown}");
}

#[test]
fn nothing_visible_falls_back() {
    for name in ["", "   ", "\u{200d}", "\u{202e}\u{feff}", "\0\u{1}"] {
        let viewer = Viewer { display_name: name.to_owned(), ..viewer(7, Role::Client) };
        assert_eq!(claims(Attendee::Account(&viewer), &TokenSettings::default()).name(), FALLBACK_NAME, "{name:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_name_becomes_one_that_the_server_takes(name in "\\PC{0,60}|.{0,200}|[\\x00-\\x7f]{0,60}") {
        let viewer = Viewer { display_name: name.clone(), ..viewer(7, Role::Client) };
        let shown = claims(Attendee::Account(&viewer), &TokenSettings::default()).name();
        prop_assert!(shown.encode_utf16().count() <= MAX_NAME_UNITS);
        prop_assert!(!shown.trim().is_empty());
        prop_assert!(!shown.chars().any(char::is_control), "{:?}", shown);
        if name.len() <= MAX_NAME_UNITS && name.chars().all(|c| c.is_ascii_graphic()) && !name.is_empty() {
            prop_assert_eq!(shown, name, "nothing is swapped for a look-alike");
        }
    }
}
