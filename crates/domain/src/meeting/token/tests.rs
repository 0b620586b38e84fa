use proptest::prelude::*;

use super::*;
use crate::fixtures::*;
use crate::meeting::{AccountViewer, MeetingLinkPolicy};
use crate::{BookingStatus, Role};

const TOKEN: &str = "eyJh-bGci.eyJpc3M_.c2ln";

/// A name with characters that are replaced in a fragment and not in a token.
fn brien(id: i64, role: Role) -> AccountViewer {
    AccountViewer { display_name: "Zoë O'Brien & Co".to_owned(), ..viewer(id, role) }
}

fn claims(viewer: Viewer<'_>, settings: &TokenSettings) -> MeetingTokenClaims {
    claims_for(&booking(BookingStatus::Scheduled), viewer, &WINDOW, settings, at(START)).unwrap()
}

fn therapist(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Account(&brien(1, Role::Admin)), settings)
}

fn client(settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Account(&brien(7, Role::Client)), settings)
}

fn invited(role: ParticipantRole, settings: &TokenSettings) -> MeetingTokenClaims {
    claims(Viewer::Participant(&kim(role)), settings)
}

/// All viewers of one booking.
fn all_viewers(settings: &TokenSettings) -> [MeetingTokenClaims; 5] {
    [
        therapist(settings),
        client(settings),
        invited(ParticipantRole::Participant, settings),
        invited(ParticipantRole::Presenter, settings),
        invited(ParticipantRole::Observer, settings),
    ]
}

fn all_settings() -> impl Iterator<Item = TokenSettings> {
    (0..8).map(|bits| TokenSettings {
        recording: if bits & 1 == 0 { RecordingPolicy::Off } else { RecordingPolicy::Therapist },
        visitors: bits & 2 != 0,
        lock_display_names: bits & 4 != 0,
    })
}

/// The names of the allowed features, separated by blanks.
fn granted(claims: &MeetingTokenClaims) -> String {
    let features = claims.features();
    let names = features.iter().filter(|(_, allowed)| *allowed).map(|(feature, _)| feature.as_str());
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn claims_that_all_viewers_share() {
    for claims in all_viewers(&TokenSettings::default()) {
        assert_eq!(claims.room(), ROOM_NAME);
        assert_eq!(claims.validity(), TokenValidity { not_before: at(OPEN - 60), expires_at: at(CLOSE) });
        assert_eq!(claims.features().iter().count(), Feature::ALL.len());
        assert!(!claims.features().allows(Feature::Recording), "off by default");
    }
}

#[test]
fn a_therapist_moderates() {
    let claims = therapist(&TokenSettings::default());
    assert_eq!(claims.subject(), "user-1");
    assert_eq!(claims.name(), "Zoë O'Brien & Co");
    assert_eq!(claims.role(), MeetingRole::Moderator);
    assert_eq!(claims.affiliation().as_str(), "owner");
    assert!(claims.is_moderator() && claims.bypasses_lobby() && !claims.is_visitor());
    let expected = "create-polls file-upload flip list-visitors lobby moderation screen-sharing send-groupchat \
                    send-private-message";
    assert_eq!(granted(&claims), expected);
}

#[test]
fn a_client_can_chat_and_create_polls() {
    let claims = client(&TokenSettings::default());
    assert_eq!(claims.subject(), "user-7");
    assert_eq!(claims.role(), MeetingRole::Participant);
    assert_eq!(claims.affiliation().as_str(), "member");
    assert!(!claims.is_moderator() && !claims.bypasses_lobby() && !claims.is_visitor());
    assert_eq!(granted(&claims), "create-polls send-groupchat send-private-message");
}

#[test]
fn participants_have_the_invited_role() {
    let settings = TokenSettings::default();
    let participant = invited(ParticipantRole::Participant, &settings);
    assert_eq!(participant.subject(), "guest-7");
    assert_eq!(granted(&participant), granted(&client(&settings)));
    let presenter = invited(ParticipantRole::Presenter, &settings);
    assert_eq!(granted(&presenter), "create-polls screen-sharing send-groupchat send-private-message");
    let observer = invited(ParticipantRole::Observer, &settings);
    assert_eq!(granted(&observer), "");
    assert!(!observer.is_visitor(), "the server does not support visitors");
    assert!(invited(ParticipantRole::Observer, &TokenSettings { visitors: true, ..settings }).is_visitor());
    assert!(!invited(ParticipantRole::Presenter, &TokenSettings { visitors: true, ..settings }).is_visitor());
}

#[test]
fn only_the_therapist_owns_and_records_the_room() {
    for settings in all_settings() {
        for (claims, is_therapist) in all_viewers(&settings).iter().zip([true, false, false, false, false]) {
            assert_eq!(claims.affiliation() == Affiliation::Owner, is_therapist);
            assert_eq!(claims.is_moderator(), is_therapist);
            assert_eq!(claims.bypasses_lobby(), is_therapist);
            let may_record = is_therapist && settings.recording == RecordingPolicy::Therapist;
            assert_eq!(claims.features().allows(Feature::Recording), may_record, "{settings:?}");
            assert_eq!(claims.features().allows(Feature::NameReadonly), settings.lock_display_names);
            for never in [
                Feature::Livestreaming,
                Feature::Transcription,
                Feature::LiveTranslation,
                Feature::InboundCall,
                Feature::OutboundCall,
                Feature::SipInboundCall,
                Feature::SipOutboundCall,
            ] {
                assert!(!claims.features().allows(never), "{never:?} transmits the session to third parties");
            }
        }
    }
}

#[test]
fn subjects_of_accounts_and_participants_are_distinct() {
    let settings = TokenSettings::default();
    assert_eq!(client(&settings).subject(), "user-7");
    for role in ParticipantRole::ALL {
        let claims = invited(role, &settings);
        assert_eq!((claims.subject().as_str(), claims.name().as_str()), ("guest-7", "Kim"));
        assert_eq!(ViewerId::parse(&claims.subject()), Some(ViewerId::Participant(kim(role).id)));
    }
}

#[test]
fn feature_names_are_sorted_and_unique() {
    let names: Vec<&str> = Feature::ALL.iter().map(|feature| feature.as_str()).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert_eq!(names.len(), 21);
}

/// Tokens are also created before the room opens; otherwise signed and unsigned links are refused alike.
#[test]
fn every_viewer_in_every_status_at_every_time() {
    let policy = MeetingLinkPolicy { grace: WINDOW.grace };
    for (owned, authorized) in viewers() {
        for (status, now) in BookingStatus::ALL.into_iter().flat_map(|status| INSTANTS.map(|now| (status, now))) {
            let (booking, viewer, settings) = (booking(status), owned.get(), TokenSettings::default());
            let signed = claims_for(&booking, viewer, &WINDOW, &settings, at(now)).map(|_| ());
            assert_eq!(signed, authorized.and(expected_link(status, now)), "{owned:?}, {status}, {now}");
            assert_eq!(signed, policy.link_for(&booking, viewer, at(now)).map(|_| ()), "{owned:?}, {status}, {now}");
        }
    }
}

#[test]
fn claims_do_not_depend_on_the_time_of_creation() {
    let (scheduled, settings) = (booking(BookingStatus::Scheduled), TokenSettings::default());
    let (admin, relative) = (viewer(1, Role::Admin), kim(ParticipantRole::Participant));
    for viewer in [Viewer::Account(&admin), Viewer::Participant(&relative)] {
        let early = claims_for(&scheduled, viewer, &WINDOW, &settings, at(0)).unwrap();
        assert_eq!(early, claims_for(&scheduled, viewer, &WINDOW, &settings, at(CLOSE - 1)).unwrap());
        assert_eq!(early.validity(), TokenValidity { not_before: at(OPEN - 60), expires_at: at(CLOSE) });
    }
}

#[test]
fn a_rescheduled_booking_has_a_rescheduled_validity() {
    let settings = TokenSettings::default();
    let (moved, _) = booking(BookingStatus::Scheduled).reschedule(at(START + 86_400), Role::Admin, at(OPEN)).unwrap();
    let admin = viewer(1, Role::Admin);
    for now in [START, START + 86_400, CLOSE + 86_399] {
        let claims = claims_for(&moved, Viewer::Account(&admin), &WINDOW, &settings, at(now)).unwrap();
        let validity = TokenValidity { not_before: at(OPEN + 86_340), expires_at: at(CLOSE + 86_400) };
        assert_eq!((claims.validity(), claims.room()), (validity, ROOM_NAME), "the room is the same");
    }
    let late = claims_for(&moved, Viewer::Account(&admin), &WINDOW, &settings, at(CLOSE + 86_400));
    assert_eq!(late, Err(LinkError::Ended));
}

#[test]
fn the_urls_of_signed_links() {
    let settings = TokenSettings { visitors: true, ..TokenSettings::default() };
    let brien = "userInfo.displayName=%22Zo%5Cu00eb%20O%5Cu2019Brien%20%5Cuff06%20Co%22";
    let kim = "userInfo.displayName=%22Kim%22";
    let muted = "&config.startWithAudioMuted=true&config.startWithVideoMuted=true";
    for (claims, rest) in [
        (therapist(&settings), format!("{brien}&config.startWithAudioMuted=false&config.startWithVideoMuted=false")),
        (client(&settings), brien.to_owned()),
        (invited(ParticipantRole::Presenter, &settings), kim.to_owned()),
        (invited(ParticipantRole::Observer, &TokenSettings::default()), format!("{kim}{muted}")),
        (invited(ParticipantRole::Observer, &settings), format!("{kim}{muted}&config.preferVisitor=true")),
    ] {
        let link = SignedLink::new(&claims, TOKEN, TokenPlacement::default());
        assert_eq!(link.url, format!("{ROOM}?jwt={TOKEN}#{rest}"));
        let link = SignedLink::new(&claims, TOKEN, TokenPlacement::Fragment);
        assert_eq!(link.url, format!("{ROOM}#jwt=%22{TOKEN}%22&{rest}"));
        assert_eq!((link.role, link.expires_at), (claims.role(), at(CLOSE)));
    }
    assert_eq!(SignedLink::new(&client(&settings), TOKEN, TokenPlacement::Query).display_name, "Zoë O'Brien & Co");
}

#[test]
fn a_signed_link_without_its_token_is_the_unsigned_link() {
    let policy = MeetingLinkPolicy { grace: WINDOW.grace };
    let accounts = [brien(1, Role::Admin), brien(7, Role::Client)];
    let participants = ParticipantRole::ALL.map(kim);
    let viewers = accounts.iter().map(Viewer::Account).chain(participants.iter().map(Viewer::Participant));
    for viewer in viewers {
        let unsigned = policy.link_for(&booking(BookingStatus::Scheduled), viewer, at(START)).unwrap();
        let claims = claims(viewer, &TokenSettings::default());
        let query = SignedLink::new(&claims, TOKEN, TokenPlacement::Query);
        assert_eq!(query.url.replace(&format!("?jwt={TOKEN}"), ""), unsigned.url);
        let fragment = SignedLink::new(&claims, TOKEN, TokenPlacement::Fragment);
        assert_eq!(fragment.url.replace(&format!("jwt=%22{TOKEN}%22&"), ""), unsigned.url);
        assert_eq!(query.display_name, unsigned.display_name);
        assert_eq!(query.role == MeetingRole::Moderator, unsigned.is_admin);
    }
}

#[test]
fn a_token_cannot_leave_its_parameter() {
    let hostile = "a&jwt=b#c=\"d e%22";
    let claims = client(&TokenSettings::default());
    for placement in [TokenPlacement::Query, TokenPlacement::Fragment] {
        let url = url::Url::parse(&SignedLink::new(&claims, hostile, placement).url).unwrap();
        let in_query: Vec<_> = url.query_pairs().collect();
        let in_fragment = url.fragment().unwrap().split('&').count();
        match placement {
            TokenPlacement::Query => assert_eq!((in_query, in_fragment), (vec![("jwt".into(), hostile.into())], 1)),
            TokenPlacement::Fragment => assert_eq!((url.query(), in_fragment), (None, 2)),
        }
    }
}

#[test]
fn debug_hides_names_rooms_and_tokens() {
    let claims = therapist(&TokenSettings::default());
    let link = SignedLink::new(&claims, TOKEN, TokenPlacement::Query);
    let name_in_token = format!("{claims:?} {link:?} {:?}", kim(ParticipantRole::Observer));
    for secret in ["Brien", "Kim", "kim@", "booking-12", TOKEN] {
        assert!(!name_in_token.contains(secret), "{name_in_token}");
    }
    assert!(name_in_token.contains("UserId(1)") && name_in_token.contains("Moderator"), "{name_in_token}");
}

#[test]
fn invisible_names_are_replaced() {
    for name in ["", "   ", "\u{200d}", "\u{202e}\u{feff}", "\0\u{1}"] {
        let viewer = AccountViewer { display_name: name.to_owned(), ..viewer(7, Role::Client) };
        assert_eq!(claims(Viewer::Account(&viewer), &TokenSettings::default()).name(), FALLBACK_NAME, "{name:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_name_becomes_one_that_the_server_accepts(name in "\\PC{0,60}|.{0,200}|[\\x00-\\x7f]{0,60}") {
        let viewer = AccountViewer { display_name: name.clone(), ..viewer(7, Role::Client) };
        let name_in_token = claims(Viewer::Account(&viewer), &TokenSettings::default()).name();
        prop_assert!(name_in_token.encode_utf16().count() <= MAX_NAME_UNITS);
        prop_assert!(!name_in_token.trim().is_empty());
        prop_assert!(!name_in_token.chars().any(char::is_control), "{:?}", name_in_token);
        if name.len() <= MAX_NAME_UNITS && name.chars().all(|c| c.is_ascii_graphic()) && !name.is_empty() {
            prop_assert_eq!(name_in_token, name, "no character is replaced");
        }
    }
}
