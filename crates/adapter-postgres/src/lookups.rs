//! Lookups that are asked at the same time share one statement.
//!
//! Each statement has its fixed price: to be sent, taken up, answered and waited for, on both sides. One that finds one
//! row costs nearly as much as one that finds fifty. So whoever asks while a statement is under way waits for the next
//! one, together with everybody else who does. Without a crowd nobody waits: a lookup is sent as soon as it is asked.
//!
//! Nothing is remembered. A statement is sent after each of its lookups was asked, so each sees what was kept before.

use std::sync::{Arc, Mutex, PoisonError};

use attune_domain::{BookingId, SessionId};
use attune_ports::StoreError;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::dial::ANSWER_DEADLINE;
use crate::hot::{Found, HotLine};
use crate::readers::Readers;

/// The most lookups that one statement answers.
const MOST: usize = 128;

/// Somebody who wants to know something.
struct Wish {
    session: SessionId,
    booking: Option<BookingId>,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<Option<Found>, StoreError>;

/// A failed statement fails all its lookups, each of which tells why.
#[derive(Debug, Error)]
#[error("a statement for several failed")]
struct Shared(#[source] Arc<StoreError>);

/// Where lookups are asked.
pub(crate) struct Lookups {
    /// `None` once the store is closed.
    wishes: Mutex<Option<mpsc::UnboundedSender<Wish>>>,
}

impl Lookups {
    /// Starts so many tasks, which send a statement each and end with this.
    pub(crate) fn start(runtime: &Handle, lines: &Arc<Readers<HotLine>>, tasks: usize) -> Self {
        let (wishes, queue) = mpsc::unbounded_channel();
        let queue = Arc::new(AsyncMutex::new(queue));
        for _ in 0..tasks.max(1) {
            runtime.spawn(answer_all(Arc::clone(&queue), Arc::clone(lines)));
        }
        Self { wishes: Mutex::new(Some(wishes)) }
    }

    /// Looks one login up, and a booking with it.
    pub(crate) async fn ask(&self, session: SessionId, booking: Option<BookingId>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::Unavailable("the store is closed".into());
        {
            let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
            let wish = Wish { session, booking, answer };
            wishes.as_ref().ok_or_else(closed)?.send(wish).map_err(|_| closed())?;
        }
        match timeout(ANSWER_DEADLINE, answered).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(StoreError::Unavailable("the lookup was given up".into())),
            Err(_) => Err(StoreError::Unavailable("the database did not answer in time".into())),
        }
    }

    /// Takes no more lookups.
    pub(crate) fn close(&self) {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Takes what is waiting and asks for all of it at once, again and again.
async fn answer_all(queue: Arc<AsyncMutex<mpsc::UnboundedReceiver<Wish>>>, lines: Arc<Readers<HotLine>>) {
    let mut wishes = Vec::with_capacity(MOST);
    loop {
        // Whoever holds the queue waits for the first lookup; what comes while others ask is for whoever is next.
        if queue.lock().await.recv_many(&mut wishes, MOST).await == 0 {
            return;
        }
        // Who has gone away in the meantime wants no answer.
        wishes.retain(|wish| !wish.answer.is_closed());
        answer(&lines, &mut wishes).await;
    }
}

async fn answer(lines: &Readers<HotLine>, wishes: &mut Vec<Wish>) {
    let sessions: Vec<i64> = wishes.iter().map(|wish| wish.session.get()).collect();
    let bookings: Vec<i64> = wishes.iter().map(|wish| wish.booking.map_or(0, BookingId::get)).collect();
    let mut answers: Vec<Answer> = wishes.iter().map(|_| Ok(None)).collect();
    let asked = lines
        .ask(async |line| {
            line.look_up(&sessions, &bookings, |place, found| {
                if let Some(answer) = answers.get_mut(place) {
                    *answer = found.map(Some);
                }
            })
            .await
        })
        .await;
    if let Err(error) = asked {
        let error = Arc::new(error);
        answers.fill_with(|| Err(again(&error)));
    }
    for (wish, answer) in wishes.drain(..).zip(answers) {
        // Who has gone away wants no answer.
        let _ = wish.answer.send(answer);
    }
}

/// The same failure, for one more.
fn again(error: &Arc<StoreError>) -> StoreError {
    let shared = || Box::new(Shared(Arc::clone(error)));
    match &**error {
        StoreError::Conflict(rule) => StoreError::Conflict(*rule),
        StoreError::Contended => StoreError::Contended,
        StoreError::Unavailable(_) => StoreError::Unavailable(shared()),
        StoreError::Corrupt(_) => StoreError::Corrupt(shared()),
        StoreError::Failed(_) => StoreError::Failed(shared()),
    }
}
