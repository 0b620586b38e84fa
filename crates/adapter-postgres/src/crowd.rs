//! Questions that are asked at the same time share one statement.
//!
//! Each statement has its fixed price: to be sent, taken up, answered and waited for, on both sides. One that finds one
//! row costs nearly as much as one that finds fifty. So whoever asks while a statement is under way waits for the next
//! one, together with everybody else who does. Without a crowd nobody waits: a question is sent as soon as it is asked.
//!
//! Nothing is remembered. A statement is sent after each of its questions was asked, so each sees what was kept before.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use attune_ports::StoreError;
use futures_util::FutureExt;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::time::timeout;

use crate::dial::ANSWER_DEADLINE;
use crate::error::Trouble;
use crate::hot::HotLine;
use crate::readers::Readers;

/// Something that can be asked, best together with others of its kind.
pub(crate) trait Question: Send + Sync + Sized + 'static {
    /// What is found.
    type Answer: Send + 'static;
    /// The most of them that are asked at once.
    const MOST: usize;

    /// Asks them all. Gives an answer for each, in their order; what is wrong with one of them is told to that one only.
    fn ask(
        line: &HotLine,
        questions: &[Self],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer, StoreError>>, Trouble>> + Send;
}

/// Somebody who wants to know something.
struct Wish<Q: Question> {
    question: Q,
    answer: oneshot::Sender<Result<Q::Answer, StoreError>>,
}

/// A failed statement fails all its questions, each of which tells why.
#[derive(Debug, Error)]
#[error("a statement for several failed")]
struct Shared(#[source] Arc<StoreError>);

type Queue<Q> = Arc<AsyncMutex<mpsc::UnboundedReceiver<Wish<Q>>>>;

/// Where questions of one kind are asked.
pub(crate) struct Crowd<Q: Question> {
    /// `None` once the store is closed.
    wishes: Mutex<Option<mpsc::UnboundedSender<Wish<Q>>>>,
}

impl<Q: Question> Crowd<Q> {
    /// Starts so many tasks, which wait for one answer each and end with this.
    pub(crate) fn gather(runtime: &Handle, lines: &Arc<Readers<HotLine>>, tasks: usize) -> Self {
        let (wishes, queue) = mpsc::unbounded_channel();
        let queue = Arc::new(AsyncMutex::new(queue));
        for _ in 0..tasks.max(1) {
            runtime.spawn(answer_all::<Q>(Arc::clone(&queue), Arc::clone(lines)));
        }
        Self { wishes: Mutex::new(Some(wishes)) }
    }

    /// Asks, and waits for the answer until the deadline.
    pub(crate) async fn ask(&self, question: Q) -> Result<Q::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        let closed = || StoreError::Unavailable("the store is closed".into());
        {
            let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
            wishes.as_ref().ok_or_else(closed)?.send(Wish { question, answer }).map_err(|_| closed())?;
        }
        match timeout(ANSWER_DEADLINE, answered).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(StoreError::Unavailable("the question was given up".into())),
            Err(_) => Err(StoreError::Unavailable("the database did not answer in time".into())),
        }
    }

    /// Takes no more questions.
    pub(crate) fn close(&self) {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Takes what is waiting and asks for all of it at once, again and again.
async fn answer_all<Q: Question>(queue: Queue<Q>, lines: Arc<Readers<HotLine>>) {
    let mut wishes = Vec::new();
    loop {
        // Whoever holds the queue waits for the first question; what comes while others ask is for whoever is next.
        if queue.lock().await.recv_many(&mut wishes, Q::MOST).await == 0 {
            return;
        }
        // Who has gone away in the meantime wants no answer.
        wishes.retain(|wish: &Wish<Q>| !wish.answer.is_closed());
        if wishes.is_empty() {
            continue;
        }
        let (questions, answers): (Vec<Q>, Vec<_>) = wishes.drain(..).map(|wish| (wish.question, wish.answer)).unzip();
        let asking = AssertUnwindSafe(lines.ask(async |line| Q::ask(line, &questions).await)).catch_unwind();
        // Nothing here should panic. If something does, these questions are lost and not all that come after them.
        let Ok(asked) = asking.await else {
            tracing::error!(
                questions = questions.len(),
                "questions that were asked together were given up after a panic"
            );
            continue;
        };
        let found = match asked {
            Ok(found) => found,
            Err(error) => {
                let error = Arc::new(error);
                questions.iter().map(|_| Err(again(&error))).collect()
            }
        };
        for (answer, found) in answers.into_iter().zip(found) {
            // The same here.
            let _ = answer.send(found);
        }
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
