//! Services.

use attune_domain::service::ServiceTexts;
use attune_domain::{Booking, Language, Service, ServiceId};
use attune_ports::NewService;

use super::{assert_conflict, unknown};
use crate::Backend;
use crate::fixtures::{money, service};

async fn read(backend: &Backend, id: ServiceId) -> Option<Service> {
    backend.uncommitted(async |work| work.service(id).await).await.unwrap()
}

async fn read_for_change(backend: &Backend, id: ServiceId) -> Option<Service> {
    backend.uncommitted(async |work| work.service_for_change(id).await).await.unwrap()
}

async fn default(backend: &Backend) -> Option<Service> {
    backend.uncommitted(async |work| work.default_service().await).await.unwrap()
}

/// The service as it is stored then.
async fn save(backend: &Backend, service: Service) -> Service {
    let version = backend.commit(async |work| work.save_service(&service).await).await;
    Service { version, ..service }
}

async fn add(backend: &Backend, name: &str) -> Service {
    let new = NewService { name: name.to_owned(), ..service() };
    let id = backend.commit(async |work| work.add_service(&new).await).await;
    read(backend, id).await.expect("just added")
}

pub async fn services_round_trip(backend: &Backend) {
    let plain = service();
    let short =
        NewService { description: String::new(), minutes: 1, buffer_minutes: 0, price: money(0, "CHF"), ..service() };
    let long = NewService { minutes: 720, buffer_minutes: 720, price: money(1_000_000_000_000, "KWD"), ..service() };
    let texts = ServiceTexts { name: Some("Sitzung".to_owned()), description: None };
    let translated = NewService { translations: [(Language::German, texts)].into(), ..service() };
    for new in [plain, short, long, translated] {
        let id = backend.commit(async |work| work.add_service(&new).await).await;
        let expected = Service {
            id,
            name: new.name,
            description: new.description,
            minutes: new.minutes,
            buffer_minutes: new.buffer_minutes,
            price: new.price,
            active: true,
            translations: new.translations,
            version: 1,
        };
        assert_eq!(read(backend, id).await.as_ref(), Some(&expected));
        assert_eq!(read_for_change(backend, id).await.as_ref(), Some(&expected));
        assert!(backend.queries.services().await.unwrap().contains(&expected));
    }
    assert_eq!(read(backend, unknown()).await, None);
    assert_eq!(read_for_change(backend, unknown()).await, None);
}

pub async fn services_are_listed_by_id_and_the_first_is_the_default(backend: &Backend) {
    assert_eq!(default(backend).await, None);
    assert!(backend.queries.services().await.unwrap().is_empty());
    let added = [add(backend, "C").await, add(backend, "A").await, add(backend, "B").await];
    assert_eq!(backend.queries.services().await.unwrap(), added);
    assert_eq!(default(backend).await.as_ref(), Some(&added[0]));
    assert!(added.is_sorted_by_key(|service| service.id));
}

pub async fn saving_a_service_writes_every_field(backend: &Backend) {
    let (other, first) = (add(backend, "Other").await, add(backend, "First").await);
    let longest = Service {
        name: "O'Brien \"the third\" 👩‍👩‍👧‍👦".to_owned(),
        description: String::new(),
        minutes: Booking::MAX_MINUTES,
        buffer_minutes: Booking::MAX_MINUTES,
        price: money(1_000_000_000_000, "KWD"),
        active: false,
        translations: [(Language::French, ServiceTexts { name: None, description: Some("Visite".to_owned()) })].into(),
        ..first.clone()
    };
    let shortest = Service { minutes: 1, buffer_minutes: 0, price: money(0, "JPY"), active: true, ..first.clone() };
    for (version, changed) in (2..).zip([longest, shortest, first]) {
        let within = backend.commit(async |work| {
            assert!(work.service_for_change(changed.id).await?.is_some());
            assert_eq!(work.save_service(&changed).await?, version, "whatever the given version is");
            work.service(changed.id).await
        });
        let within = within.await;
        let changed = Service { version, ..changed };
        assert_eq!(within.as_ref(), Some(&changed));
        assert_eq!(read(backend, changed.id).await.as_ref(), Some(&changed));
        assert_eq!(backend.queries.all_services().await.unwrap(), [other.clone(), changed]);
    }
}

pub async fn saving_an_unknown_service_is_stale(backend: &Backend) {
    let known = add(backend, "Known").await;
    let other = Service { id: unknown(), ..known.clone() };
    assert_conflict!(backend.uncommitted(async |work| work.save_service(&other).await).await, Stale);
    assert_eq!(backend.queries.all_services().await.unwrap(), [known]);
}

pub async fn a_service_can_be_withdrawn_and_offered_again(backend: &Backend) {
    assert!(backend.queries.all_services().await.unwrap().is_empty());
    let (first, second) = (add(backend, "First").await, add(backend, "Second").await);
    let withdrawn = save(backend, Service { active: false, ..first.clone() }).await;
    assert_eq!(default(backend).await.as_ref(), Some(&second));
    assert_eq!(backend.queries.services().await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(backend.queries.all_services().await.unwrap(), [withdrawn.clone(), second.clone()]);
    assert_eq!(read(backend, first.id).await, Some(withdrawn));

    save(backend, Service { active: false, ..second }).await;
    assert_eq!(default(backend).await, None);
    assert!(backend.queries.services().await.unwrap().is_empty());

    let first = save(backend, first).await;
    assert_eq!(default(backend).await.as_ref(), Some(&first));
    assert_eq!(backend.queries.services().await.unwrap(), [first]);
}

pub async fn changing_a_service_changes_no_booking(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let found = read(backend, practice.service).await.unwrap();
    let dearer = Service { minutes: 90, buffer_minutes: 30, price: money(1, "USD"), active: false, ..found };
    save(backend, dearer).await;
    assert_eq!(backend.read_booking(booking.id()).await, Some(booking));
}

pub async fn a_dropped_unit_of_work_changes_no_service(backend: &Backend) {
    let before = add(backend, "Before").await;
    let after = Service { name: "After".to_owned(), active: false, ..before.clone() };
    backend.uncommitted(async |work| work.save_service(&after).await).await.unwrap();
    assert_eq!(backend.queries.services().await.unwrap(), [before]);
}
