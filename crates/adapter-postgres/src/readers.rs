//! A few connections that all readers share.
//!
//! Statements on one connection are answered in turn, but asked without waiting for each other, so a reader that stops
//! waiting takes nothing away from the others. A connection that broke is replaced when it is next needed, once, for
//! everybody who waits for it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use attune_ports::StoreError;
use diesel_async::AsyncPgConnection;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::timeout_at;

use crate::dial::{ANSWER_DEADLINE, DialError, Dialer, Line, Purpose};
use crate::error::Trouble;
use crate::hot::HotLine;

/// A connection, being opened or open.
type Attempt<L> = Shared<BoxFuture<'static, Result<Arc<L>, Arc<DialError>>>>;

/// A connection that readers can share.
pub(crate) trait Dialled: Sized + Send + Sync + 'static {
    /// Opens one.
    fn dial(dialer: Arc<Dialer>) -> BoxFuture<'static, Result<Self, DialError>>;
    /// Whether the server is gone.
    fn is_dead(&self) -> bool;
}

impl Dialled for Line {
    fn dial(dialer: Arc<Dialer>) -> BoxFuture<'static, Result<Self, DialError>> {
        dialer.dial(Purpose::Queries).boxed()
    }

    fn is_dead(&self) -> bool {
        self.is_dead()
    }
}

impl Readers<Line> {
    /// Asks the database something through Diesel, and waits for the answer until the deadline.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&AsyncPgConnection) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        self.ask_line(async |line| question(&line.connection).await).await
    }
}

impl Readers<HotLine> {
    /// Asks the database something, and waits for the answer until the deadline.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&HotLine) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        self.ask_line(question).await
    }
}

/// The shared connections.
pub(crate) struct Readers<L: Dialled> {
    dialer: Arc<Dialer>,
    slots: Vec<Mutex<Option<Attempt<L>>>>,
    next: AtomicUsize,
    closed: AtomicBool,
}

impl<L: Dialled> Readers<L> {
    /// Opens nothing yet.
    pub(crate) fn new(dialer: Arc<Dialer>, count: usize) -> Self {
        let slots = (0..count.max(1)).map(|_| Mutex::default()).collect();
        Self { dialer, slots, next: AtomicUsize::new(0), closed: AtomicBool::new(false) }
    }

    async fn ask_line<T>(&self, question: impl AsyncFnOnce(&L) -> Result<T, Trouble>) -> Result<T, StoreError> {
        let began = Instant::now();
        let deadline = (began + ANSWER_DEADLINE).into();
        let late = |_| StoreError::Unavailable("the database did not answer in time".into());
        let slot = &self.slots[self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len()];
        let attempt = self.attempt(slot)?;
        let line = timeout_at(deadline, attempt).await.map_err(late)?.map_err(|e| StoreError::Unavailable(e.into()))?;
        match timeout_at(deadline, question(&line)).await {
            Ok(answer) => answer.map_err(|trouble| trouble.into_store_error(began.elapsed())),
            Err(elapsed) => {
                // Whoever comes next should not have to wait for the same silence. Those who still wait keep the line.
                retire(slot, &line);
                Err(late(elapsed))
            }
        }
    }

    /// The connection of a slot. Everybody who needs it while it is being opened waits for the same attempt.
    fn attempt(&self, slot: &Mutex<Option<Attempt<L>>>) -> Result<Attempt<L>, StoreError> {
        let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the store is closed".into()));
        }
        let usable = held.take().filter(|attempt| match attempt.peek() {
            None => true,
            Some(Ok(line)) => !line.is_dead(),
            Some(Err(_)) => false,
        });
        let attempt = usable.unwrap_or_else(|| {
            let dialled = L::dial(Arc::clone(&self.dialer));
            dialled.map(|line| line.map(Arc::new).map_err(Arc::new)).boxed().shared()
        });
        *held = Some(attempt.clone());
        Ok(attempt)
    }

    /// Gives all connections up; questions under way still get their answers.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        for slot in &self.slots {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// Empties a slot if it still holds this connection.
fn retire<L: Dialled>(slot: &Mutex<Option<Attempt<L>>>, line: &Arc<L>) {
    let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if held
        .as_ref()
        .and_then(Attempt::<L>::peek)
        .is_some_and(|made| made.as_ref().is_ok_and(|it| Arc::ptr_eq(it, line)))
    {
        *held = None;
    }
}
