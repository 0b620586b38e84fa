//! What the practice offers.

use attune_domain::{Booking, Service, ServiceId};
use attune_ports::NewService;

use super::assert_conflict;
use crate::Backend;
use crate::fixtures::{money, service};

async fn read(backend: &Backend, id: ServiceId) -> Option<Service> {
    backend.uncommitted(async |work| work.service(id).await).await.unwrap()
}

async fn offer(backend: &Backend, name: &str) -> Service {
    let new = NewService { name: name.to_owned(), ..service() };
    let id = backend.commit(async |work| work.add_service(&new).await).await;
    read(backend, id).await.expect("just added")
}

/// Every field comes back as it went in, at the edges too.
pub async fn a_service_comes_back_as_it_went_in(backend: &Backend) {
    let plain = service();
    let short =
        NewService { description: String::new(), minutes: 1, buffer_minutes: 0, price: money(0, "CHF"), ..service() };
    let long = NewService { minutes: 720, buffer_minutes: 720, price: money(1_000_000_000_000, "KWD"), ..service() };
    for new in [plain, short, long] {
        let id = backend.commit(async |work| work.add_service(&new).await).await;
        let expected = Service {
            id,
            name: new.name,
            description: new.description,
            minutes: new.minutes,
            buffer_minutes: new.buffer_minutes,
            price: new.price,
            active: true,
        };
        assert_eq!(backend.uncommitted(async |work| work.service(id).await).await.unwrap(), Some(expected.clone()));
        let held = backend.uncommitted(async |work| work.service_for_change(id).await).await.unwrap();
        assert_eq!(held.as_ref(), Some(&expected));
        assert!(backend.queries.services().await.unwrap().contains(&expected));
    }
    let unknown = ServiceId::new(987_654).unwrap();
    assert_eq!(backend.uncommitted(async |work| work.service(unknown).await).await.unwrap(), None);
    assert_eq!(backend.uncommitted(async |work| work.service_for_change(unknown).await).await.unwrap(), None);
}

/// Services are listed by id, and the first one is the default.
pub async fn services_are_listed_by_id_and_the_first_is_the_default(backend: &Backend) {
    let default = async || backend.uncommitted(async |work| work.default_service().await).await.unwrap();
    assert_eq!(default().await, None);
    assert!(backend.queries.services().await.unwrap().is_empty());
    let mut ids = Vec::new();
    for name in ["C", "A", "B"] {
        let new = NewService { name: name.to_owned(), ..service() };
        ids.push(backend.commit(async |work| work.add_service(&new).await).await);
    }
    let listed = backend.queries.services().await.unwrap();
    assert_eq!(listed.iter().map(|service| service.id).collect::<Vec<_>>(), ids);
    assert_eq!(default().await, Some(listed[0].clone()));
    assert!(ids.is_sorted());
}

/// Saving a service writes every field, at the edges too and back again, and touches no other.
pub async fn saving_a_service_writes_every_field(backend: &Backend) {
    let (other, first) = (offer(backend, "Other").await, offer(backend, "First").await);
    let longest = Service {
        name: "O'Brien \"the third\" 👩‍👩‍👧‍👦".to_owned(),
        description: String::new(),
        minutes: Booking::MAX_MINUTES,
        buffer_minutes: Booking::MAX_MINUTES,
        price: money(1_000_000_000_000, "KWD"),
        active: false,
        ..first.clone()
    };
    let shortest = Service { minutes: 1, buffer_minutes: 0, price: money(0, "JPY"), active: true, ..first.clone() };
    for changed in [longest, shortest, first] {
        backend
            .commit(async |work| {
                assert!(work.service_for_change(changed.id).await?.is_some());
                work.save_service(&changed).await?;
                assert_eq!(work.service(changed.id).await?.as_ref(), Some(&changed));
                Ok(())
            })
            .await;
        assert_eq!(read(backend, changed.id).await.as_ref(), Some(&changed));
        assert_eq!(backend.queries.all_services().await.unwrap(), [other.clone(), changed]);
    }
}

/// A service that is not there cannot be saved.
pub async fn saving_an_unknown_service_is_stale(backend: &Backend) {
    let known = offer(backend, "Known").await;
    let unknown = Service { id: ServiceId::new(987_654).unwrap(), ..known.clone() };
    assert_conflict!(backend.uncommitted(async |work| work.save_service(&unknown).await).await, Stale);
    assert_eq!(backend.queries.all_services().await.unwrap(), [known]);
}

/// A service that is no longer offered is not the default, and is listed only where all are.
pub async fn a_service_can_be_withdrawn_and_offered_again(backend: &Backend) {
    assert!(backend.queries.all_services().await.unwrap().is_empty());
    let (first, second) = (offer(backend, "First").await, offer(backend, "Second").await);
    let default = async || backend.uncommitted(async |work| work.default_service().await).await.unwrap();
    let withdrawn = Service { active: false, ..first.clone() };
    backend.commit(async |work| work.save_service(&withdrawn).await).await;
    assert_eq!(default().await.as_ref(), Some(&second));
    assert_eq!(backend.queries.services().await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(backend.queries.all_services().await.unwrap(), [withdrawn.clone(), second.clone()]);
    assert_eq!(read(backend, first.id).await, Some(withdrawn));

    let both_withdrawn = Service { active: false, ..second.clone() };
    backend.commit(async |work| work.save_service(&both_withdrawn).await).await;
    assert_eq!(default().await, None);
    assert!(backend.queries.services().await.unwrap().is_empty());

    backend.commit(async |work| work.save_service(&first).await).await;
    assert_eq!(default().await.as_ref(), Some(&first));
    assert_eq!(backend.queries.services().await.unwrap(), [first]);
}

/// Bookings keep what they were made with, whatever becomes of their service.
pub async fn bookings_keep_what_they_were_made_with(backend: &Backend) {
    let (practice, booking) = backend.booked().await;
    let found = read(backend, practice.service).await.unwrap();
    let dearer = Service { minutes: 90, buffer_minutes: 30, price: money(1, "USD"), active: false, ..found };
    backend.commit(async |work| work.save_service(&dearer).await).await;
    assert_eq!(backend.read_booking(booking.id()).await, Some(booking));
}

/// What was changed about a service is undone with its unit of work.
pub async fn a_dropped_unit_of_work_changes_no_service(backend: &Backend) {
    let before = offer(backend, "Before").await;
    let after = Service { name: "After".to_owned(), active: false, ..before.clone() };
    backend.uncommitted(async |work| work.save_service(&after).await).await.unwrap();
    assert_eq!(backend.queries.services().await.unwrap(), [before]);
}
