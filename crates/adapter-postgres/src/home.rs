//! The thread on which all connections of a store live.

use std::convert::Infallible;
use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use crate::dial::ANSWER_DEADLINE;

/// A thread with a runtime of its own, for tasks that pass on what goes to the server and comes from it.
///
/// One thread and not a runtime of several: an answer goes through two or three small tasks, and threads that steal them
/// from each other and wake each other for it cost more than the tasks do. It also keeps answers coming while the
/// runtime of the caller is busy with something else.
pub(crate) struct Home {
    handle: Handle,
    /// Its end is the signal.
    _end: oneshot::Sender<Infallible>,
}

impl Home {
    /// Starts the thread, which ends some time after this: when the last connection is closed that `open` counts, but
    /// after the longest time that an answer may take at the latest.
    pub(crate) fn found(open: watch::Sender<()>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let life = async move {
            // It is never sent anything.
            let _ = ended.await;
            let _ = timeout(ANSWER_DEADLINE, open.closed()).await;
        };
        thread::Builder::new().name("attune-postgres".to_owned()).spawn(move || runtime.block_on(life))?;
        Ok(Self { handle, _end: end })
    }

    /// Where tasks are started.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}
