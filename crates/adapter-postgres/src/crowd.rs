//! Questions that are asked at the same time share one statement.
//!
//! Each statement has its fixed price: to be sent, taken up, answered and waited for, on both sides. One that finds one
//! row costs nearly as much as one that finds fifty. So whoever asks while a statement is under way waits for the next
//! one, together with everybody else who does. Without a crowd nobody waits: a question is sent as soon as it is asked.
//!
//! Nothing is remembered. A statement is sent after each of its questions was asked, so each sees what was kept before.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attune_ports::StoreError;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::dial::ANSWER_DEADLINE;
use crate::error::Trouble;
use crate::hot::HotLine;
use crate::readers::Readers;

/// A statement that is out so long keeps nobody waiting any more.
const PATIENCE: Duration = Duration::from_millis(2);

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

/// Where questions of one kind are asked.
pub(crate) struct Crowd<Q: Question> {
    /// `None` once the store is closed.
    wishes: Mutex<Option<mpsc::UnboundedSender<Wish<Q>>>>,
}

impl<Q: Question> Crowd<Q> {
    /// Starts the task that asks, which ends with this. So many statements are under way at most.
    pub(crate) fn gather(runtime: &Handle, lines: &Arc<Readers<HotLine>>, statements: usize) -> Self {
        let (wishes, queue) = mpsc::unbounded_channel();
        runtime.spawn(answer_all::<Q>(queue, Arc::clone(lines), statements.max(1)));
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
///
/// One statement at a time makes the crowds large and the work small. Another one goes out only when one of them takes
/// unusually long; so many are under way at most.
async fn answer_all<Q: Question>(
    mut queue: mpsc::UnboundedReceiver<Wish<Q>>,
    lines: Arc<Readers<HotLine>>,
    most: usize,
) {
    let mut statements = FuturesUnordered::new();
    let mut wishes: Vec<Wish<Q>> = Vec::new();
    let mut patient_until = Instant::now();
    let mut patient = false;
    loop {
        let idle = statements.is_empty();
        let may = statements.len() < most;
        tokio::select! {
            biased;
            Some(()) = statements.next() => continue,
            () = sleep_until(patient_until), if patient && !idle && may => {
                patient = false;
                continue;
            }
            taken = queue.recv_many(&mut wishes, Q::MOST), if idle || !patient && may => if taken == 0 { break },
        }
        // Who has gone away in the meantime wants no answer.
        wishes.retain(|wish| !wish.answer.is_closed());
        if !wishes.is_empty() {
            statements.push(answer(std::mem::take(&mut wishes), &lines));
            patient_until = Instant::now() + PATIENCE;
            patient = true;
        }
    }
    while statements.next().await.is_some() {}
}

/// Asks for all of this with one statement.
async fn answer<Q: Question>(wishes: Vec<Wish<Q>>, lines: &Readers<HotLine>) {
    let (questions, answers): (Vec<Q>, Vec<_>) = wishes.into_iter().map(|wish| (wish.question, wish.answer)).unzip();
    let asking = AssertUnwindSafe(lines.ask(async |line| Q::ask(line, &questions).await)).catch_unwind();
    // Nothing here should panic. If something does, these questions are lost and not all that come after them.
    let Ok(asked) = asking.await else {
        tracing::error!(questions = questions.len(), "questions that were asked together were given up after a panic");
        return;
    };
    let found = match asked {
        Ok(found) => found,
        Err(error) => {
            let error = Arc::new(error);
            questions.iter().map(|_| Err(again(&error))).collect()
        }
    };
    for (answer, found) in answers.into_iter().zip(found) {
        // Somebody who has gone away wants no answer.
        let _ = answer.send(found);
    }
}

/// The same failure, for one more.
pub(crate) fn again(error: &Arc<StoreError>) -> StoreError {
    let shared = || Box::new(Shared(Arc::clone(error)));
    match &**error {
        StoreError::Conflict(rule) => StoreError::Conflict(*rule),
        StoreError::Contended => StoreError::Contended,
        StoreError::Unavailable(_) => StoreError::Unavailable(shared()),
        StoreError::Corrupt(_) => StoreError::Corrupt(shared()),
        StoreError::Failed(_) => StoreError::Failed(shared()),
    }
}
