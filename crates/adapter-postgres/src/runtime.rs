//! The dedicated runtime of a store's connections.

use std::convert::Infallible;
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::timeouts::ANSWER_DEADLINE;

/// A thread with a runtime of its own, for the tasks that exchange messages with the server.
///
/// A single thread, because an answer passes through two or three small tasks, and a runtime of several threads spends
/// more on stealing them and waking each other than the tasks take. It also lets answers arrive while the caller's
/// runtime is busy.
pub(crate) struct DedicatedRuntime {
    handle: Handle,
    /// Dropping it is the signal to stop.
    _stop: oneshot::Sender<Infallible>,
}

impl DedicatedRuntime {
    /// Starts the thread. After this value is dropped, the thread ends when the last connection counted by `open` is
    /// closed, or when the longest time for an answer is over.
    pub(crate) fn start(open: watch::Sender<()>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let life = async move {
            // Nothing is ever sent.
            let _ = stopped.await;
            let _ = timeout(ANSWER_DEADLINE, open.closed()).await;
        };
        thread::Builder::new().name("attune-postgres".to_owned()).spawn(move || runtime.block_on(life))?;
        Ok(Self { handle, _stop: stop })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}
