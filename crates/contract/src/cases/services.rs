//! What the practice offers.

use attune_domain::{Service, ServiceId};
use attune_ports::NewService;

use crate::Backend;
use crate::fixtures::{money, service};

/// Every field comes back as it went in, at the edges too.
pub async fn a_service_comes_back_as_it_went_in(backend: &Backend) {
    let plain = service();
    let short =
        NewService { description: String::new(), minutes: 1, pause_minutes: 0, price: money(0, "CHF"), ..service() };
    let long = NewService { minutes: 720, pause_minutes: 720, price: money(1_000_000_000_000, "KWD"), ..service() };
    for new in [plain, short, long] {
        let id = backend.keep(async |work| work.add_service(&new).await).await;
        let expected = Service {
            id,
            name: new.name,
            description: new.description,
            minutes: new.minutes,
            pause_minutes: new.pause_minutes,
            price: new.price,
            active: true,
        };
        assert_eq!(backend.attempt(async |work| work.service(id).await).await.unwrap(), Some(expected.clone()));
        assert!(backend.queries.services().await.unwrap().contains(&expected));
    }
    let unknown = ServiceId::new(987_654).unwrap();
    assert_eq!(backend.attempt(async |work| work.service(unknown).await).await.unwrap(), None);
}

/// Services are listed by id, and the first one is the default.
pub async fn services_are_listed_by_id_and_the_first_is_the_default(backend: &Backend) {
    let default = async || backend.attempt(async |work| work.default_service().await).await.unwrap();
    assert_eq!(default().await, None);
    assert!(backend.queries.services().await.unwrap().is_empty());
    let mut ids = Vec::new();
    for name in ["C", "A", "B"] {
        let new = NewService { name: name.to_owned(), ..service() };
        ids.push(backend.keep(async |work| work.add_service(&new).await).await);
    }
    let listed = backend.queries.services().await.unwrap();
    assert_eq!(listed.iter().map(|service| service.id).collect::<Vec<_>>(), ids);
    assert_eq!(default().await, Some(listed[0].clone()));
    assert!(ids.is_sorted());
}
