use std::collections::BTreeMap;

use attune_domain::practice::{AccentColor, ImageFormat, Logo, LogoName, PhoneNumber, WebUrl};
use attune_domain::{Formality, Language, Practice, PracticeName, PracticeTexts, User};
use attune_ports::{Conflict, StoreError};

use crate::Backend;
use crate::fixtures::{client, email, zone};

fn plain() -> Practice {
    Practice::new(PracticeName::parse("Attune Heart Therapy").unwrap(), zone("Europe/Berlin"))
}

fn full() -> Practice {
    let text = |text: &str| Some(text.to_owned());
    let german = PracticeTexts { imprint: text("Impressum"), privacy: None, offline_payment: text("Überweisung") };
    Practice {
        name: PracticeName::parse("Praxis \"Herz\" 心理").unwrap(),
        phone: Some(PhoneNumber::parse("+49 (0)30 23125-123").unwrap()),
        email: Some(email("hello")),
        website: Some(WebUrl::parse("https://practice.example.org/?a=b").unwrap()),
        logo: Some(LogoName::new([7; 8], ImageFormat::Webp)),
        accent_color: Some(AccentColor([0, 83, 255])),
        time_zone: zone("America/New_York"),
        german_formality: Formality::Informal,
        is_set_up: true,
        texts: PracticeTexts {
            imprint: text("Clara Voss\nBerlin"),
            privacy: text("https://practice.example.org/privacy"),
            offline_payment: text("By bank transfer"),
        },
        translations: BTreeMap::from([(Language::German, german), (Language::French, PracticeTexts::default())]),
        version: 1,
    }
}

async fn stored(backend: &Backend) -> Option<Practice> {
    let mut work = backend.begin().await;
    let locked = work.practice_for_change().await.unwrap();
    drop(work);
    let read = backend.queries.practice().await.unwrap();
    assert_eq!(locked, read);
    read
}

pub async fn the_practice_is_stored_once_and_replaced_as_a_whole(backend: &Backend) {
    assert_eq!(stored(backend).await, None);
    let missing = backend.uncommitted(async |work| work.save_practice(&plain()).await).await;
    assert!(matches!(missing, Err(StoreError::Conflict(Conflict::Stale))), "{missing:?}");
    assert!(backend.commit(async |work| work.add_practice(&full()).await).await);
    assert_eq!(stored(backend).await, Some(full()));
    assert!(!backend.commit(async |work| work.add_practice(&plain()).await).await);
    assert_eq!(stored(backend).await, Some(full()));
    for (version, changed) in (2..).zip([plain(), full()]) {
        assert_eq!(backend.commit(async |work| work.save_practice(&changed).await).await, version);
        assert_eq!(stored(backend).await, Some(Practice { version, ..changed }), "every field is replaced");
    }
}

pub async fn a_logo_is_found_by_its_name_until_another_replaces_it(backend: &Backend) {
    let found = async |name: &LogoName| backend.queries.logo(name).await.unwrap();
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\xff".to_vec();
    let small = (LogoName::new([1; 8], ImageFormat::Png), Logo::new(bytes.clone()).unwrap());
    bytes.resize(Logo::MAX_BYTES, b'\'');
    let large = (LogoName::new([2; 8], ImageFormat::Png), Logo::new(bytes).unwrap());
    let replace = async |logo: Option<&(LogoName, Logo)>| {
        let logo = logo.map(|(name, logo)| (name, logo));
        backend.commit(async |work| work.replace_logo(logo).await).await;
    };
    replace(None).await;
    assert_eq!(found(&small.0).await, None);
    for (logo, other) in [(&small, &large), (&large, &small), (&large, &small)] {
        replace(Some(logo)).await;
        assert_eq!(found(&logo.0).await.as_ref(), Some(&logo.1));
        assert_eq!(found(&other.0).await, None);
    }
    backend.uncommitted(async |work| work.replace_logo(None).await).await.unwrap();
    assert_eq!(found(&large.0).await, Some(large.1));
    replace(None).await;
    assert_eq!(found(&large.0).await, None);
}

pub async fn a_new_installation_has_an_id_and_no_bookings_with_older_uids(backend: &Backend) {
    let first = backend.queries.installation().await.unwrap();
    assert!(!first.id.is_empty());
    backend.commit(async |work| work.set_legacy_uid_domain("practice.example.org").await).await;
    assert_eq!(backend.queries.installation().await.unwrap(), first);
    assert_eq!(first.legacy_uids, None);
}

pub async fn the_installation_can_be_written_again_unchanged(backend: &Backend) {
    let before = backend.queries.installation().await.unwrap();
    for _ in 0..3 {
        backend.commit(async |work| work.rewrite_installation().await).await;
    }
    assert_eq!(backend.queries.installation().await.unwrap(), before);
}

pub async fn a_user_may_have_a_language_and_no_password(backend: &Backend) {
    let mut new = client("invited");
    (new.password_hash, new.language) = (None, Some(Language::Spanish));
    let id = backend.commit(async |work| work.add_user(&new).await).await;
    let found = backend.queries.credentials(&new.email).await.unwrap().unwrap();
    assert!(found.password_hash.is_none());
    assert_eq!(found.user.language, Some(Language::Spanish));
    let changed = backend.save_user(User { language: Some(Language::German), ..found.user }).await;
    assert_eq!(backend.read_user(id).await, changed);
    let without = backend.save_user(User { language: None, ..changed }).await;
    assert_eq!(backend.read_user(id).await, without);
}
