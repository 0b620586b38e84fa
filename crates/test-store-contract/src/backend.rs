//! What an adapter passes to a case, and steps that many cases share.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use attune_domain::{Booking, BookingId, User, UserId};
use attune_ports::{NewPayment, NewRefund, NewUser, Payment, Queries, Refund, Store, StoreError, UnitOfWork};

use crate::fixtures::{PracticeFixture, paid, slot};

/// A new, empty store that no other case uses.
pub struct Backend {
    pub store: Arc<dyn Store>,
    pub queries: Arc<dyn Queries>,
    /// Dropped last.
    _alive: Box<dyn Any + Send + Sync>,
}

impl Backend {
    /// `alive` is dropped after the case: a temporary folder, a server, or `()`.
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn Queries>, alive: impl Any + Send + Sync) -> Self {
        Self { store, queries, _alive: Box::new(alive) }
    }

    pub async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.expect("a unit of work opens")
    }

    /// Commits one change. It must be accepted.
    pub async fn commit<T>(&self, change: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>) -> T {
        let mut work = self.begin().await;
        let made = change(&mut *work).await.expect("the change is accepted");
        work.commit().await.expect("the change is committed");
        made
    }

    /// The result of one change, which is rolled back afterwards.
    pub async fn uncommitted<T>(
        &self,
        change: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut work = self.begin().await;
        change(&mut *work).await
    }

    pub async fn practice(&self) -> PracticeFixture {
        PracticeFixture::create(&*self.store).await
    }

    /// A practice with one scheduled booking.
    pub async fn booked(&self) -> (PracticeFixture, Booking) {
        let practice = self.practice().await;
        (practice, self.book(practice, 0).await)
    }

    /// A practice with one scheduled booking, and a settled payment with the id `r` for it.
    pub async fn paid(&self) -> (PracticeFixture, Booking, Payment) {
        let (practice, booking) = self.booked().await;
        let payment = self.add_payment(paid(booking.id(), "r")).await;
        (practice, booking, payment)
    }

    pub async fn add_user(&self, user: &NewUser) -> UserId {
        self.commit(async |work| work.add_user(user).await).await
    }

    /// The account as it is stored then.
    pub async fn save_user(&self, user: User) -> User {
        let version = self.commit(async |work| work.save_user(&user).await).await;
        User { version, ..user }
    }

    pub async fn add_booking(&self, make: impl FnOnce(BookingId) -> Booking) -> Booking {
        self.commit(async |work| {
            let booking = make(work.next_booking_id().await?);
            work.add_booking(&booking).await?;
            Ok(booking)
        })
        .await
    }

    /// A scheduled booking in the n-th slot.
    pub async fn book(&self, practice: PracticeFixture, n: i64) -> Booking {
        self.add_booking(|id| practice.booking(id, slot(n))).await
    }

    /// The result of adding a booking, which is rolled back afterwards.
    pub async fn try_booking(&self, make: impl FnOnce(BookingId) -> Booking) -> Result<(), StoreError> {
        self.uncommitted(async |work| {
            let booking = make(work.next_booking_id().await?);
            work.add_booking(&booking).await
        })
        .await
    }

    pub async fn save_booking(&self, booking: &Booking) {
        self.commit(async |work| work.save_booking(booking).await).await;
    }

    pub async fn add_payment(&self, new: NewPayment) -> Payment {
        let id = self.commit(async |work| work.add_payment(&new).await).await;
        new.with_id(id)
    }

    pub async fn add_refund(&self, new: NewRefund) -> Refund {
        let id = self.commit(async |work| work.add_refund(&new).await).await;
        new.with_id(id)
    }

    pub async fn read_user(&self, id: UserId) -> User {
        self.queries.user(id).await.expect("the user is readable").expect("the user exists")
    }

    pub async fn read_booking(&self, id: BookingId) -> Option<Booking> {
        self.queries.booking(id).await.expect("the booking is readable").map(|view| view.booking)
    }
}

/// Runs a case, and fails it when it hangs. No case needs that long, even on a slow machine.
pub async fn run_case(case: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(120), case).await.expect("the case ends");
}
