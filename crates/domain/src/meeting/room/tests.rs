use super::*;

#[test]
fn base_urls() {
    for (raw, base) in [
        ("https://meet.example.org", "https://meet.example.org/"),
        ("https://meet.example.org/", "https://meet.example.org/"),
        ("https://example.org/video", "https://example.org/video/"),
        ("http://localhost:8443", "http://localhost:8443/"),
    ] {
        assert_eq!(MeetingBaseUrl::parse(raw).unwrap().as_str(), base);
    }
    for (raw, error) in [
        ("", BaseUrlError::NotAbsolute),
        ("meet.example.org", BaseUrlError::NotAbsolute),
        ("javascript:alert(1)", BaseUrlError::Scheme),
        ("file:///etc/passwd", BaseUrlError::Scheme),
        ("https://user:pw@meet.example.org", BaseUrlError::Credentials),
        ("https://meet.example.org/?x=", BaseUrlError::QueryOrFragment),
        ("https://meet.example.org/#", BaseUrlError::QueryOrFragment),
    ] {
        assert_eq!(MeetingBaseUrl::parse(raw), Err(error), "{raw}");
    }
    assert!(!MeetingBaseUrl::parse("http://localhost").unwrap().is_https());
}

#[test]
fn a_room_is_named_after_booking_instant_and_suffix() {
    let base = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
    let now = "2024-01-15T10:00:00.987Z".parse().unwrap();
    let new = NewRoom { base_url: &base, suffix: RoomSuffix::from_bytes([0xab; 16]) };
    let room = MeetingRoom::new(BookingId::new(42).unwrap(), now, new);
    assert_eq!(room.id(), format!("booking-42-1705312800-{}", "ab".repeat(16)));
    assert_eq!(room.url(), format!("https://meet.example.org/{}", room.id()));
    assert_eq!(MeetingRoom::restore(room.id().into(), room.url().into()), Ok(room));
}

#[test]
fn a_tampered_room_is_refused() {
    for (id, url) in [
        ("", "https://meet.example.org/"),
        ("Booking-1", "https://meet.example.org/Booking-1"),
        ("a#b", "https://meet.example.org/a#b"),
        ("booking-1", "https://meet.example.org/booking-2"),
    ] {
        assert_eq!(MeetingRoom::restore(id.into(), url.into()), Err(InvalidRoom), "{id}");
    }
}

#[test]
fn the_origin_is_that_of_the_server() {
    for (base, origin) in [
        ("https://meet.example.org/", "https://meet.example.org"),
        ("https://meet.example.org:8443/practice/", "https://meet.example.org:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://8x8.vc/vpaas-magic-cookie-1/", "https://8x8.vc"),
    ] {
        let base_url = MeetingBaseUrl::parse(base).unwrap();
        let new = NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) };
        let room = MeetingRoom::new(BookingId::new(1).unwrap(), Timestamp::UNIX_EPOCH, new);
        assert_eq!(room.origin(), origin);
    }
}

#[test]
fn the_name_at_the_xmpp_server_begins_with_the_tenant() {
    for (base, name) in [
        ("https://meet.example.org/", "booking-1"),
        ("https://meet.example.org/practice/", "[practice]booking-1"),
        ("https://meet.example.org/deep/practice/", "[practice]booking-1"),
    ] {
        let room = MeetingRoom::restore("booking-1".into(), format!("{base}booking-1")).unwrap();
        assert_eq!(room.xmpp_name(), name, "{base}");
    }
}
