use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;

/// Occupies one thread until it is released.
struct Blocker {
    release: mpsc::Sender<()>,
    done: oneshot::Receiver<()>,
}

impl Blocker {
    /// Returns when the job is running.
    fn occupy(threads: &Threads) -> Self {
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let work = move |_: &mut Vec<Block>| {
            started.send(()).unwrap();
            // An error means that the blocker was dropped, which releases the thread, too.
            let _ = released.recv();
        };
        let done = threads.submit(work).unwrap();
        has_started.recv().unwrap();
        Self { release, done }
    }

    fn release(self) {
        drop(self.release);
        self.done.blocking_recv().unwrap();
    }
}

#[test]
fn every_thread_has_its_memory() {
    let threads = Threads::start(1, 4, 8).unwrap();
    assert_eq!(threads.submit(|memory| memory.len()).unwrap().blocking_recv(), Ok(8));
}

#[test]
fn memory_is_reused() {
    let threads = Threads::start(1, 4, 8).unwrap();
    let place = || threads.submit(|memory| (memory.as_ptr() as usize, memory.len())).unwrap().blocking_recv().unwrap();
    let first = place();
    assert_eq!(place(), first);
    assert_eq!(place(), first);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let threads = Threads::start(1, 2, 0).unwrap();
    let blocker = Blocker::occupy(&threads);
    let waiting = [threads.submit(|_| 1).unwrap(), threads.submit(|_| 2).unwrap()];
    assert!(matches!(threads.submit(|_| 3), Err(JobError::Full)));
    blocker.release();
    assert_eq!(waiting.map(|result| result.blocking_recv().unwrap()), [1, 2]);
    assert_eq!(threads.submit(|_| 4).unwrap().blocking_recv(), Ok(4), "the queue has room again");
}

#[test]
fn abandoned_jobs_neither_run_nor_fill_the_queue() {
    let threads = Threads::start(1, 2, 0).unwrap();
    let blocker = Blocker::occupy(&threads);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = || {
        let ran = Arc::clone(&ran);
        move |_: &mut Vec<Block>| ran.fetch_add(1, Ordering::SeqCst)
    };
    // These two fill the queue and are abandoned: the next two are accepted.
    drop([threads.submit(count()).unwrap(), threads.submit(count()).unwrap()]);
    let stays = threads.submit(count()).unwrap();
    let leaves = threads.submit(count()).unwrap();
    assert!(matches!(threads.submit(count()), Err(JobError::Full)));
    // This one is abandoned while the queue is not full, so the thread skips it.
    drop(leaves);
    blocker.release();
    assert_eq!(stays.blocking_recv(), Ok(0));
    assert_eq!(threads.submit(count()).unwrap().blocking_recv(), Ok(1), "no abandoned job ran");
}

#[test]
fn a_panic_is_an_error_for_its_caller_and_the_thread_continues() {
    let threads = Threads::start(1, 4, 0).unwrap();
    for round in 0..3 {
        let lost = threads.submit(|_| -> u8 { panic!("a job that panics, on purpose") }).unwrap();
        assert!(lost.blocking_recv().is_err());
        assert_eq!(threads.submit(move |_| round).unwrap().blocking_recv(), Ok(round));
    }
}

#[tokio::test]
async fn a_lost_job_is_an_error() {
    let threads = Threads::start(1, 4, 0).unwrap();
    let lost = threads.run(|_| -> u8 { panic!("a job that panics, on purpose") }).await;
    assert_eq!(lost, Err(JobError::Lost));
    assert_eq!(threads.run(|_| 7).await, Ok(7));
}

#[test]
fn all_threads_work_concurrently() {
    let threads = Threads::start(3, 1, 0).unwrap();
    // The third could not report its start if only two threads took jobs.
    let blockers = [Blocker::occupy(&threads), Blocker::occupy(&threads), Blocker::occupy(&threads)];
    blockers.into_iter().for_each(Blocker::release);
}

#[test]
fn dropping_ends_the_threads_and_fails_queued_jobs() {
    let threads = Threads::start(2, 4, 0).unwrap();
    let shared = Arc::downgrade(&threads.shared);
    let blockers = [Blocker::occupy(&threads), Blocker::occupy(&threads)];
    let waiting = threads.submit(|_| ()).unwrap();
    let dropping = thread::spawn(move || drop(threads));
    assert!(waiting.blocking_recv().is_err(), "a queued job is dropped");
    blockers.into_iter().for_each(Blocker::release);
    dropping.join().unwrap();
    assert!(shared.upgrade().is_none(), "all threads have ended");
}
