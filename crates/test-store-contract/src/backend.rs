//! What an adapter hands to a case, and the small steps that many cases share.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use attune_domain::{Booking, BookingId, UserId};
use attune_ports::{NewPayment, NewRefund, NewUser, Payment, Queries, Refund, Store, StoreError, UnitOfWork};

use crate::fixtures::Practice;

/// One fresh, empty, isolated store.
pub struct Backend {
    /// The write side.
    pub store: Arc<dyn Store>,
    /// The read side of the same store.
    pub queries: Arc<dyn Queries>,
    /// Dropped last, after both sides.
    _alive: Box<dyn Any + Send + Sync>,
}

impl Backend {
    /// Wraps both sides of a store. `alive` is kept until the case is over: a temporary folder, a server, or `()`.
    pub fn new(store: Arc<dyn Store>, queries: Arc<dyn Queries>, alive: impl Any + Send + Sync) -> Self {
        Self { store, queries, _alive: Box::new(alive) }
    }

    /// Opens a unit of work, which must work at once.
    pub async fn begin(&self) -> Box<dyn UnitOfWork> {
        self.store.begin().await.expect("a unit of work opens")
    }

    /// Makes one change in a unit of work of its own, and keeps it. Both must work.
    pub async fn keep<T>(&self, change: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>) -> T {
        let mut work = self.begin().await;
        let made = change(&mut *work).await.expect("the change is accepted");
        work.commit().await.expect("the change is kept");
        made
    }

    /// Makes one change in a unit of work of its own, which is dropped afterwards, and gives what the change answered.
    pub async fn attempt<T>(
        &self,
        change: impl AsyncFnOnce(&mut dyn UnitOfWork) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut work = self.begin().await;
        change(&mut *work).await
    }

    /// A therapist, a client and a service.
    pub async fn practice(&self) -> Practice {
        Practice::found(&*self.store).await
    }

    /// Makes an account.
    pub async fn add_user(&self, user: &NewUser) -> UserId {
        self.keep(async |work| work.add_user(user).await).await
    }

    /// Makes and keeps a booking, built for the id that the store gave out.
    pub async fn add_booking(&self, make: impl FnOnce(BookingId) -> Booking) -> Booking {
        self.keep(async |work| {
            let booking = make(work.next_booking_id().await?);
            work.add_booking(&booking).await?;
            Ok(booking)
        })
        .await
    }

    /// Makes and keeps an attempt to collect a price.
    pub async fn add_payment(&self, new: NewPayment) -> Payment {
        let id = self.keep(async |work| work.add_payment(&new).await).await;
        new.with_id(id)
    }

    /// Makes and keeps a refund.
    pub async fn add_refund(&self, new: NewRefund) -> Refund {
        let id = self.keep(async |work| work.add_refund(&new).await).await;
        new.with_id(id)
    }

    /// The booking as readers see it.
    pub async fn read_booking(&self, id: BookingId) -> Option<Booking> {
        self.queries.booking(id).await.expect("the booking can be asked for").map(|view| view.booking)
    }
}

/// Runs a case, and fails it when it hangs. The limit is far beyond what any case needs on the slowest machine.
pub async fn run_case(case: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(120), case).await.expect("the case came to an end");
}
