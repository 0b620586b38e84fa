use std::collections::BTreeMap;

use attune_domain::calendar::WeeklySchedule;
use attune_domain::policy::PolicyError;
use attune_domain::practice::{AccentColor, Logo, PhoneNumber, WebUrl};
use attune_domain::{
    ChangeTerms, Formality, Language, Money, Practice, PracticeName, PracticePolicy, PracticeTexts, Role,
    ScheduleExceptionId, ServiceId, UserId,
};
use attune_ports::{NewService, PriceError, Versioned};
use jiff::civil::Weekday::Monday;

use super::*;
use crate::RequestMetadata;
use crate::bookings::{CreateBookingCommand, CreateBookingError};
use crate::fixtures::{TEN, TUESDAY, TestPractice, booked, email, eur, hours, zone};
use crate::setup::EnsureServiceError;

fn admin() -> UserId {
    UserId::new(1).unwrap()
}

fn new_service() -> NewService {
    NewService {
        name: "Short".into(),
        description: String::new(),
        minutes: 25,
        buffer_minutes: 5,
        price: eur(5_000),
        translations: BTreeMap::new(),
    }
}

fn change(service: ServiceId, changes: ServiceChanges) -> ChangeServiceCommand {
    ChangeServiceCommand { admin: admin(), service, changes, version: None, metadata: RequestMetadata::default() }
}

#[tokio::test]
async fn prices_and_lengths_change_for_later_bookings_only() {
    let (practice, client, before) = booked().await;
    let changes = ServiceChanges { minutes: Some(80), price: Some(eur(20_000)), ..ServiceChanges::default() };
    let changed = practice.services.change(change(before.service(), changes)).await.unwrap();
    assert_eq!((changed.minutes, changed.price, changed.name.as_str()), (80, eur(20_000), "Session"));
    assert_eq!(practice.booking(before.id()).await, before);
    let after = practice.book(&client, TUESDAY).await.unwrap().booking;
    assert_eq!((after.minutes(), after.price()), (80, eur(20_000)));
}

#[tokio::test]
async fn an_inactive_service_cannot_be_booked() {
    let practice = TestPractice::free().await;
    let client = practice.client().await;
    let short = practice.services.add(admin(), new_service(), &RequestMetadata::default()).await.unwrap();
    let inactive = ServiceChanges { active: Some(false), ..ServiceChanges::default() };
    practice.services.change(change(short.id, inactive)).await.unwrap();
    assert_eq!(practice.queries.services().await.unwrap().len(), 1);
    assert_eq!(practice.queries.all_services().await.unwrap().len(), 2);
    let request = CreateBookingCommand { service: Some(short.id), ..practice.request(&client, TEN) };
    assert!(matches!(practice.create_booking.run(request).await, Err(CreateBookingError::UnknownService)));
}

#[tokio::test]
async fn services_that_no_one_could_book_are_refused() {
    let practice = TestPractice::free().await;
    let none = NewService { minutes: 0, ..new_service() };
    let refused = practice.services.add(admin(), none, &RequestMetadata::default()).await;
    assert!(matches!(refused, Err(ServiceError::Length(_))));
    let long = ServiceChanges { minutes: Some(721), ..ServiceChanges::default() };
    let first = practice.queries.services().await.unwrap()[0].id;
    assert!(matches!(practice.services.change(change(first, long)).await, Err(ServiceError::Length(_))));
    let unknown = change(ServiceId::new(99).unwrap(), ServiceChanges::default());
    assert!(matches!(practice.services.change(unknown).await, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn a_price_that_the_provider_can_never_charge_is_refused() {
    let kwd = |minor| Money::new(minor, "KWD".parse().unwrap()).unwrap();
    let priced = |minor| NewService { price: kwd(minor), ..new_service() };
    let online = TestPractice::online().await;
    let id = online.services.add(admin(), priced(12_340), &RequestMetadata::default()).await.unwrap().id;
    for minor in [12_345, 1, 12_341] {
        let refused = online.services.add(admin(), priced(minor), &RequestMetadata::default()).await;
        assert!(matches!(refused, Err(ServiceError::Price(PriceError::Multiple(step))) if step == kwd(10)), "{minor}");
        let price = ServiceChanges { price: Some(kwd(minor)), ..ServiceChanges::default() };
        let refused = online.services.change(change(id, price)).await;
        assert!(matches!(refused, Err(ServiceError::Price(_))), "{minor}");
    }
    let price = ServiceChanges { price: Some(kwd(20_010)), ..ServiceChanges::default() };
    assert_eq!(online.services.change(change(id, price)).await.unwrap().price, kwd(20_010));

    // Where no provider charges it, any price is accepted, and stays when other fields change.
    let free = TestPractice::free().await;
    free.services.add(admin(), priced(12_345), &RequestMetadata::default()).await.unwrap();
    let name = ServiceChanges { name: Some("Session".into()), ..ServiceChanges::default() };
    let old = online.edit(async |work| work.add_service(&priced(12_345)).await.unwrap()).await;
    assert_eq!(online.services.change(change(old, name)).await.unwrap().price, kwd(12_345));
}

#[tokio::test]
async fn a_first_service_that_the_provider_can_never_charge_is_not_added() {
    let online = TestPractice::online().await;
    let price = Money::new(12_345, "KWD".parse().unwrap()).unwrap();
    let service = NewService { price, ..new_service() };
    let first = online.queries.services().await.unwrap()[0].id;
    assert_eq!(online.set_up.ensure_service(&service).await.unwrap(), first, "there is one already");
    let inactive = ServiceChanges { active: Some(false), ..ServiceChanges::default() };
    online.services.change(change(first, inactive)).await.unwrap();
    let refused = online.set_up.ensure_service(&service).await;
    assert!(matches!(refused, Err(EnsureServiceError::Price(PriceError::Multiple(_)))));
    assert!(online.queries.services().await.unwrap().is_empty());
    online.set_up.ensure_service(&new_service()).await.unwrap();
}

#[tokio::test]
async fn invalid_working_hours_are_refused() {
    let practice = TestPractice::free().await;
    let client = practice.add("someone", Role::Client).await.id;
    let set = async |therapist, zone_name, week| {
        practice.set_schedule(therapist, WeeklySchedule { zone: zone(zone_name), week }).await
    };
    let overlapping = vec![(Monday, hours("09:00", "12:00")), (Monday, hours("11:59", "13:00"))];
    let refused = set(admin(), "Europe/Berlin", overlapping).await;
    assert!(matches!(refused, Err(CalendarError::Overlapping(_))));
    let refused = set(admin(), "Europe/Atlantis", vec![]).await;
    assert!(matches!(refused, Err(CalendarError::UnknownTimeZone)));
    let refused = set(client, "Europe/Berlin", vec![]).await;
    assert!(matches!(refused, Err(CalendarError::UnknownTherapist)), "clients give no sessions");
    let many = vec![(Monday, hours("09:00", "09:01")); WeeklySchedule::MAX_INTERVALS + 1];
    let refused = set(admin(), "Europe/Berlin", many).await;
    assert!(matches!(refused, Err(CalendarError::TooManyIntervals)));
    assert_eq!(practice.queries.calendar_settings(admin()).await.unwrap().schedule, None);
}

#[tokio::test]
async fn an_invalid_policy_is_not_stored_and_an_unknown_exception_not_removed() {
    let practice = TestPractice::free().await;
    let terms = ChangeTerms { late_refund_percent: 101, ..ChangeTerms::default() };
    let refused = practice.set_policy(PracticePolicy { terms, ..PracticePolicy::default() }).await;
    assert!(matches!(refused, Err(CalendarError::Policy(PolicyError::Terms(_)))));
    assert_eq!(practice.queries.policy().await.unwrap(), Versioned::default());
    let (unknown, metadata) = (ScheduleExceptionId::new(9).unwrap(), RequestMetadata::default());
    let missing = practice.calendar.remove_schedule_exception(admin(), unknown, &metadata).await;
    assert!(matches!(missing, Err(CalendarError::NotFound)));
}

fn profile(changes: PracticeChanges) -> ChangePracticeCommand {
    ChangePracticeCommand { admin: admin(), changes, version: None, metadata: RequestMetadata::default() }
}

#[tokio::test]
async fn the_configured_practice_is_current_until_another_one_is_stored() {
    let practice = TestPractice::free().await;
    let current = || async { practice.practice.load().await.unwrap() };
    assert_eq!(practice.queries.practice().await.unwrap(), None);
    assert_eq!(*current().await, attune_test_doubles::practice("Europe/Berlin"));
    let configured = attune_test_doubles::practice("Asia/Tokyo");
    practice.set_up.ensure_practice(&configured, "practice.example.org").await.unwrap();
    assert_eq!(*current().await, configured);
    // A changed configuration changes neither the practice nor the UIDs of older calendar entries.
    practice.set_up.ensure_practice(&attune_test_doubles::practice("UTC"), "other.example.org").await.unwrap();
    assert_eq!(*current().await, configured);
    let legacy = practice.queries.installation().await.unwrap().legacy_uids;
    assert!(legacy.is_none_or(|legacy| legacy.domain == "practice.example.org"));
}

#[tokio::test]
async fn an_admin_changes_the_practice_field_by_field() {
    let practice = TestPractice::free().await;
    let everything = PracticeChanges {
        name: Some(PracticeName::parse("Practice Smith").unwrap()),
        phone: Some(Some(PhoneNumber::parse("+49 30 123456").unwrap())),
        email: Some(Some(email("office"))),
        website: Some(Some(WebUrl::parse("https://practice.example.org").unwrap())),
        accent_color: Some(Some(AccentColor::parse("#14532d").unwrap())),
        time_zone: Some(zone("Asia/Tokyo")),
        german_formality: Some(Formality::Informal),
        is_set_up: Some(true),
        imprint: Some(Some("Main Street 1".to_owned())),
        privacy: Some(Some("https://practice.example.org/privacy".to_owned())),
        offline_payment: Some(Some("Please pay by bank transfer.".to_owned())),
        translations: Some(BTreeMap::from([(Language::German, PracticeTexts::default())])),
    };
    let changed = practice.profile.change(profile(everything.clone())).await.unwrap();
    let expected = Practice {
        name: PracticeName::parse("Practice Smith").unwrap(),
        phone: Some(PhoneNumber::parse("+49 30 123456").unwrap()),
        email: Some(email("office")),
        website: Some(WebUrl::parse("https://practice.example.org").unwrap()),
        logo: None,
        accent_color: Some(AccentColor::parse("#14532d").unwrap()),
        time_zone: zone("Asia/Tokyo"),
        german_formality: Formality::Informal,
        is_set_up: true,
        texts: PracticeTexts {
            imprint: Some("Main Street 1".to_owned()),
            privacy: Some("https://practice.example.org/privacy".to_owned()),
            offline_payment: Some("Please pay by bank transfer.".to_owned()),
        },
        translations: BTreeMap::from([(Language::German, PracticeTexts::default())]),
        version: 2,
    };
    assert_eq!(changed, expected);
    assert_eq!(practice.queries.practice().await.unwrap(), Some(expected.clone()));
    let unchanged = practice.profile.change(profile(PracticeChanges::default())).await.unwrap();
    assert_eq!(unchanged, Practice { version: 3, ..expected.clone() });
    let nothing = PracticeChanges {
        phone: Some(None),
        email: Some(None),
        website: Some(None),
        accent_color: Some(None),
        imprint: Some(None),
        german_formality: Some(Formality::Formal),
        is_set_up: Some(false),
        privacy: Some(None),
        offline_payment: Some(None),
        translations: Some(BTreeMap::new()),
        ..PracticeChanges::default()
    };
    let cleared = practice.profile.change(profile(nothing)).await.unwrap();
    assert_eq!(cleared, Practice { version: 4, ..Practice::new(expected.name.clone(), zone("Asia/Tokyo")) });
    let atlantis = PracticeChanges { time_zone: Some(zone("Europe/Atlantis")), ..PracticeChanges::default() };
    let refused = practice.profile.change(profile(atlantis)).await;
    assert!(matches!(refused, Err(PracticeProfileError::UnknownTimeZone)));
}

fn image(byte: u8) -> Logo {
    Logo::new([b"\x89PNG\r\n\x1a\n", &[byte][..]].concat()).unwrap()
}

fn change_logo(logo: Option<Logo>, version: Option<u32>) -> ChangeLogoCommand {
    ChangeLogoCommand { admin: admin(), logo, version, metadata: RequestMetadata::default() }
}

#[tokio::test]
async fn a_logo_has_another_name_when_its_image_changes() {
    let practice = TestPractice::free().await;
    let change = async |logo: Option<Logo>| {
        let changed = practice.profile.change_logo(change_logo(logo, None)).await.unwrap();
        assert_eq!(practice.queries.practice().await.unwrap().as_ref(), Some(&changed));
        changed
    };
    let shown = async |of: &Practice| practice.practice.logo(of).await.unwrap().map(|logo| (*logo).clone());
    let mut names = Vec::new();
    for byte in [1, 2, 1] {
        let changed = change(Some(image(byte))).await;
        for _ in 0..2 {
            assert_eq!(shown(&changed).await, Some(image(byte)));
        }
        // Other changes keep it.
        let unchanged = practice.profile.change(profile(PracticeChanges::default())).await.unwrap();
        assert_eq!(unchanged, Practice { version: changed.version + 1, ..changed.clone() });
        names.push(changed.logo.unwrap());
    }
    assert!(names[0] == names[2] && names[0] != names[1], "{names:?}");
    let removed = change(None).await;
    assert_eq!((removed.logo.clone(), shown(&removed).await), (None, None));
    assert_eq!(practice.queries.logo(&names[0]).await.unwrap(), None);
}

/// The therapist set no hours of her own, so they are the practice's, from midnight to midnight there.
#[tokio::test]
async fn usual_hours_follow_the_practices_time_zone() {
    let practice = TestPractice::free().await;
    let tokyo = PracticeChanges { time_zone: Some(zone("Asia/Tokyo")), ..PracticeChanges::default() };
    practice.profile.change(profile(tokyo)).await.unwrap();
    let calendars = &practice.availability.calendars;
    assert_eq!(calendars.usual_hours().await.unwrap().zone, zone("Asia/Tokyo"));
    assert_eq!(calendars.usual_hours().await.unwrap().week, calendars.default_hours.week);
}

#[tokio::test]
async fn a_time_zone_that_this_machine_does_not_know_is_replaced_by_the_configured_one() {
    let current = CurrentPractice {
        queries: attune_adapter_memory::MemoryStore::new(),
        zones: std::sync::Arc::new(attune_test_doubles::SystemZones),
        configured: std::sync::Arc::new(attune_test_doubles::practice("Europe/Berlin")),
        last_logo: LastLogo::default(),
    };
    let name = |zone: &jiff::tz::TimeZone| zone.iana_name().map(str::to_owned);
    for (own, practice, expected) in [
        (Some("America/New_York"), "Asia/Tokyo", "America/New_York"),
        (Some("Europe/Atlantis"), "Asia/Tokyo", "Asia/Tokyo"),
        (None, "Asia/Tokyo", "Asia/Tokyo"),
        (None, "Europe/Atlantis", "Europe/Berlin"),
    ] {
        let found = current.zone_in(&attune_test_doubles::practice(practice), own.map(zone).as_ref());
        assert_eq!(name(&found).as_deref(), Some(expected));
    }
    // No practice is stored.
    for (own, expected) in [(Some("America/New_York"), "America/New_York"), (None, "Europe/Berlin")] {
        let found = current.zone_for(own.map(zone).as_ref()).await.unwrap();
        assert_eq!(name(&found).as_deref(), Some(expected));
    }
}

#[derive(Debug, Clone, Copy)]
enum Edited {
    Service,
    WorkingHours,
    Policy,
    Practice,
    Logo,
}

/// Makes the n-th change. Returns the new version, or the name of the error.
async fn edit(practice: &TestPractice, edited: Edited, n: u8, version: Option<u32>) -> Result<u32, String> {
    fn named<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<T, String> {
        result.map_err(|error| format!("{error:?}"))
    }
    let (admin, metadata) = (admin(), RequestMetadata::default());
    match edited {
        Edited::Service => {
            let changes = ServiceChanges { name: Some(n.to_string()), ..ServiceChanges::default() };
            let service = practice.queries.services().await.unwrap()[0].id;
            let command = ChangeServiceCommand { version, ..change(service, changes) };
            named(practice.services.change(command).await).map(|changed| changed.version)
        }
        Edited::WorkingHours => {
            let schedule =
                WeeklySchedule { zone: zone("UTC"), week: vec![(Monday, hours("09:00", &format!("1{n}:00")))] };
            let command = SetScheduleCommand { admin, therapist: admin, schedule, version, metadata };
            named(practice.calendar.set_schedule(command).await)
        }
        Edited::Policy => {
            let terms = ChangeTerms { late_refund_percent: n, ..ChangeTerms::default() };
            let policy = PracticePolicy { terms, ..PracticePolicy::default() };
            let command = SetPolicyCommand { admin, policy, version, metadata };
            named(practice.calendar.set_policy(command).await).map(|changed| changed.version)
        }
        Edited::Practice => {
            let changes = PracticeChanges { imprint: Some(Some(n.to_string())), ..PracticeChanges::default() };
            let command = ChangePracticeCommand { version, ..profile(changes) };
            named(practice.profile.change(command).await).map(|changed| changed.version)
        }
        Edited::Logo => named(practice.profile.change_logo(change_logo(Some(image(n)), version)).await)
            .map(|changed| changed.version),
    }
}

#[tokio::test]
async fn the_second_of_two_editors_is_refused() {
    for (edited, loaded) in
        [(Edited::Service, 1), (Edited::WorkingHours, 0), (Edited::Policy, 0), (Edited::Practice, 1), (Edited::Logo, 1)]
    {
        let practice = TestPractice::free().await;
        let stored = async || {
            let settings = practice.queries.calendar_settings(admin()).await.unwrap();
            let own = practice.practice.load().await.unwrap();
            (practice.queries.all_services().await.unwrap(), settings, practice.practice.logo(&own).await.unwrap(), own)
        };
        assert_eq!(edit(&practice, edited, 1, Some(loaded)).await, Ok(loaded + 1), "{edited:?}");
        let first = stored().await;
        for outdated in [loaded, loaded + 2] {
            let refused = edit(&practice, edited, 2, Some(outdated)).await;
            assert_eq!(refused, Err("VersionConflict".to_owned()), "{edited:?}");
            assert_eq!(stored().await, first, "{edited:?}");
        }
        assert_eq!(edit(&practice, edited, 2, Some(loaded + 1)).await, Ok(loaded + 2), "{edited:?}");
        assert_eq!(edit(&practice, edited, 3, None).await, Ok(loaded + 3), "{edited:?}");
        assert_ne!(stored().await, first, "{edited:?}");
    }
}
