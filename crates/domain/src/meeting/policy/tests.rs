use proptest::prelude::*;

use super::*;
use crate::BookingStatus;
use crate::fixtures::*;
use crate::meeting::ParticipantRole;

const POLICY: MeetingLinkPolicy = MeetingLinkPolicy { grace: SignedDuration::from_mins(30) };

fn link_for(viewer: Viewer<'_>) -> PersonalLink {
    POLICY.link_for(&booking(BookingStatus::Scheduled), viewer, at(START)).unwrap()
}

fn link_of(viewer: &AccountViewer) -> PersonalLink {
    link_for(Viewer::Account(viewer))
}

fn link_of_invited(participant: &Participant) -> PersonalLink {
    link_for(Viewer::Participant(participant))
}

#[test]
fn a_link_has_the_name_and_the_overrides_of_the_role() {
    let (john, admin) = (viewer(7, Role::Client), viewer(1, Role::Admin));
    let kims = [ParticipantRole::Participant, ParticipantRole::Presenter, ParticipantRole::Observer].map(kim);
    let [unmuted, muted] =
        ["false", "true"].map(|v| format!("&config.startWithAudioMuted={v}&config.startWithVideoMuted={v}"));
    for (viewer, name, encoded, overrides) in [
        (Viewer::Account(&john), "John Doe", "John%20Doe", ""),
        (Viewer::Account(&admin), "John Doe", "John%20Doe", unmuted.as_str()),
        (Viewer::Participant(&kims[0]), "Kim", "Kim", ""),
        (Viewer::Participant(&kims[1]), "Kim", "Kim", ""),
        (Viewer::Participant(&kims[2]), "Kim", "Kim", muted.as_str()),
    ] {
        let link = link_for(viewer);
        assert_eq!(link.url, format!("{ROOM}#userInfo.displayName=%22{encoded}%22{overrides}"), "{viewer:?}");
        assert_eq!(link.display_name, name, "{viewer:?}");
        assert_eq!(link.is_admin, overrides == unmuted, "{viewer:?}: no participant is a moderator");
    }
}

#[test]
fn every_viewer_in_every_status_at_every_time() {
    for (owned, authorized) in viewers() {
        let overrides = match &owned {
            OwnedViewer::Account(account) if account.role == Role::Admin => "=false",
            OwnedViewer::Participant(kim) if kim.role == ParticipantRole::Observer => "=true",
            OwnedViewer::Account(_) | OwnedViewer::Participant(_) => "",
        };
        for (status, now) in BookingStatus::ALL.into_iter().flat_map(|status| INSTANTS.map(|now| (status, now))) {
            let link = POLICY.link_for(&booking(status), owned.get(), at(now));
            let what = format!("{owned:?}, {status}, {} s after the start: {link:?}", now - START);
            let found = link.as_ref().map(|_| ()).map_err(|error| *error);
            assert_eq!(found, authorized.and(expected_link(status, now)), "{what}");
            if let Ok(link) = link {
                assert!(link.url.starts_with(&format!("{ROOM}#")), "{what}");
                assert_eq!(link.is_admin, overrides == "=false", "{what}");
                let found: Vec<_> = link.url.split('&').skip(1).collect();
                assert_eq!(found.len(), if overrides.is_empty() { 0 } else { 2 }, "{what}");
                assert!(found.iter().all(|parameter| parameter.ends_with(overrides)), "{what}");
            }
        }
    }
}

#[test]
fn the_room_closes_after_the_grace_period() {
    let (booking, client) = (confirmed(50), viewer(7, Role::Client));
    assert_eq!(POLICY.closes_at(&booking), at(CLOSE));
    let strict = MeetingLinkPolicy { grace: SignedDuration::ZERO };
    let link = |now| strict.link_for(&booking, Viewer::Account(&client), at(now)).map(|_| ());
    assert_eq!(link(END - 1), Ok(()));
    assert_eq!(link(END), Err(LinkError::Ended));
    let endless = MeetingLinkPolicy { grace: SignedDuration::MAX };
    assert_eq!(endless.closes_at(&booking), Timestamp::MAX);
}

#[test]
fn the_link_has_the_current_name_and_role() {
    let renamed = AccountViewer { display_name: "Jane Roe".to_owned(), ..viewer(7, Role::Client) };
    assert_eq!(link_of(&renamed).url, format!("{ROOM}#userInfo.displayName=%22Jane%20Roe%22"));
    assert!(link_of(&viewer(7, Role::Admin)).is_admin);
    let renamed = Participant { display_name: "Kim O'Neill".parse().unwrap(), ..kim(ParticipantRole::Participant) };
    assert_eq!(link_of_invited(&renamed).url, format!("{ROOM}#userInfo.displayName=%22Kim%20O%5Cu2019Neill%22"));
}

#[test]
fn accounts_and_participants_with_the_same_number_are_distinct() {
    let client = link_of(&viewer(7, Role::Client));
    let therapist = link_of(&AccountViewer { display_name: "Ada Lovelace".to_owned(), ..viewer(1, Role::Admin) });
    for role in ParticipantRole::ALL {
        let invited = link_of_invited(&kim(role));
        for (link, name) in [(&client, "John%20Doe"), (&therapist, "Ada%20Lovelace"), (&invited, "Kim")] {
            for other in ["John", "Ada", "Kim", "@", "email"] {
                assert_eq!(link.url.contains(other), name.contains(other), "{other}: {}", link.url);
            }
        }
    }
}

/// The parameters of the fragment.
fn keys(url: &str) -> Vec<&str> {
    let (_, fragment) = url.split_once('#').unwrap();
    fragment.split('&').map(|parameter| parameter.split('=').next().unwrap()).collect()
}

const ALL_KEYS: [&str; 3] = ["userInfo.displayName", "config.startWithAudioMuted", "config.startWithVideoMuted"];

#[test]
fn a_malicious_name_stays_a_name() {
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
        for (role, expected) in [(Role::Client, &ALL_KEYS[..1]), (Role::Admin, &ALL_KEYS[..])] {
            let viewer = AccountViewer { display_name: name.to_owned(), ..viewer(7, role) };
            let link = link_of(&viewer);
            assert_eq!(keys(&link.url), expected, "{name:?} gave {}", link.url);
            assert_eq!(link.display_name, name, "the name itself is returned unchanged");
        }
    }
}

#[test]
fn a_viewer_has_the_current_data_of_the_user() {
    let mut user = User {
        id: user(7),
        email: crate::EmailAddress::parse("john@example.org").unwrap(),
        first_name: crate::PersonName::parse("John").unwrap(),
        last_name: crate::PersonName::parse("Doe").unwrap(),
        ..account(Role::Client)
    };
    assert_eq!(AccountViewer::new(&user, NameFallback::Email), viewer(7, Role::Client));
    user.role = Role::Admin;
    (user.first_name, user.last_name) = (None, None);
    let renamed = AccountViewer { display_name: "john@example.org".to_owned(), ..viewer(7, Role::Admin) };
    assert_eq!(AccountViewer::new(&user, NameFallback::Email), renamed);
}

proptest! {
    #[test]
    fn no_name_changes_the_room_or_adds_a_parameter(name: String, admin: bool) {
        let role = if admin { Role::Admin } else { Role::Client };
        let viewer = AccountViewer { display_name: name, ..viewer(7, role) };
        let url = link_of(&viewer).url;
        let parsed = url::Url::parse(&url).unwrap();
        prop_assert_eq!(url.split('#').next(), Some(ROOM));
        prop_assert_eq!(parsed.query(), None);
        prop_assert_eq!(keys(&url), if admin { &ALL_KEYS[..] } else { &ALL_KEYS[..1] });
        prop_assert_eq!(parsed.as_str(), url.as_str(), "a browser does not change the URL");
    }

    /// Names of participants are limited by [`PersonName`] only.
    #[test]
    fn no_name_of_a_participant_does_either(name in "\\PC{1,100}") {
        let Ok(Some(display_name)) = crate::PersonName::parse(&name) else { return Ok(()) };
        for role in ParticipantRole::ALL {
            let url = link_of_invited(&Participant { display_name: display_name.clone(), ..kim(role) }).url;
            prop_assert_eq!(url.split('#').next(), Some(ROOM));
            prop_assert_eq!(keys(&url), if role == ParticipantRole::Observer { &ALL_KEYS[..] } else { &ALL_KEYS[..1] });
            let parsed = url::Url::parse(&url).unwrap();
            prop_assert_eq!(parsed.as_str(), url.as_str());
        }
    }
}
