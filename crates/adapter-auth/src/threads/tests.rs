use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;

/// Occupies one thread until it is let go.
struct Blocker {
    release: mpsc::Sender<()>,
    done: oneshot::Receiver<()>,
}

impl Blocker {
    /// Comes back once the job runs.
    fn occupy(threads: &Threads) -> Self {
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let work = move |_: &mut Vec<Block>| {
            started.send(()).unwrap();
            // An error means that the blocker was dropped, which lets go as well.
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
fn every_thread_brings_its_memory() {
    let threads = Threads::start(1, 4, 8).unwrap();
    assert_eq!(threads.submit(|memory| memory.len()).unwrap().blocking_recv(), Ok(8));
}

#[test]
fn memory_is_kept_from_job_to_job() {
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
    assert!(matches!(threads.submit(|_| 3), Err(NoResult::Full)));
    blocker.release();
    assert_eq!(waiting.map(|result| result.blocking_recv().unwrap()), [1, 2]);
    assert_eq!(threads.submit(|_| 4).unwrap().blocking_recv(), Ok(4), "there is room again");
}

#[test]
fn who_gave_up_costs_nothing_and_keeps_nobody_out() {
    let threads = Threads::start(1, 2, 0).unwrap();
    let blocker = Blocker::occupy(&threads);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = || {
        let ran = Arc::clone(&ran);
        move |_: &mut Vec<Block>| ran.fetch_add(1, Ordering::SeqCst)
    };
    // These two fill the queue and give up: the next two find room in spite of them.
    drop([threads.submit(count()).unwrap(), threads.submit(count()).unwrap()]);
    let stays = threads.submit(count()).unwrap();
    let leaves = threads.submit(count()).unwrap();
    assert!(matches!(threads.submit(count()), Err(NoResult::Full)));
    // This one gives up while the queue is not full, so the thread is who finds out.
    drop(leaves);
    blocker.release();
    assert_eq!(stays.blocking_recv(), Ok(0));
    assert_eq!(threads.submit(count()).unwrap().blocking_recv(), Ok(1), "nothing ran but those who waited");
}

#[test]
fn a_panic_is_told_to_its_caller_and_the_thread_goes_on() {
    let threads = Threads::start(1, 4, 0).unwrap();
    for round in 0..3 {
        let lost = threads.submit(|_| -> u8 { panic!("a job that panics, on purpose") }).unwrap();
        assert!(lost.blocking_recv().is_err());
        assert_eq!(threads.submit(move |_| round).unwrap().blocking_recv(), Ok(round));
    }
}

#[tokio::test]
async fn a_lost_job_is_an_error_and_no_hang() {
    let threads = Threads::start(1, 4, 0).unwrap();
    let lost = threads.run(|_| -> u8 { panic!("a job that panics, on purpose") }).await;
    assert_eq!(lost, Err(NoResult::Lost));
    assert_eq!(threads.run(|_| 7).await, Ok(7));
}

#[test]
fn all_threads_work_at_the_same_time() {
    let threads = Threads::start(3, 1, 0).unwrap();
    // The third could not report its start if only two threads took jobs.
    let blockers = [Blocker::occupy(&threads), Blocker::occupy(&threads), Blocker::occupy(&threads)];
    blockers.into_iter().for_each(Blocker::release);
}

#[test]
fn dropping_ends_the_threads_and_answers_those_who_wait() {
    let threads = Threads::start(2, 4, 0).unwrap();
    let shared = Arc::downgrade(&threads.shared);
    let blockers = [Blocker::occupy(&threads), Blocker::occupy(&threads)];
    let waiting = threads.submit(|_| ()).unwrap();
    let dropping = thread::spawn(move || drop(threads));
    assert!(waiting.blocking_recv().is_err(), "a waiting job is dropped");
    blockers.into_iter().for_each(Blocker::release);
    dropping.join().unwrap();
    assert!(shared.upgrade().is_none(), "no thread holds the queue any more");
}
