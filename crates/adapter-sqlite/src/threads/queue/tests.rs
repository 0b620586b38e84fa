use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use super::Queue;

#[test]
fn jobs_are_taken_in_order_and_not_too_many_at_once() {
    let queue = Queue::new();
    for job in 0..5 {
        queue.push(job).unwrap();
    }
    let mut taken = Vec::new();
    assert!(queue.take(3, &mut taken));
    assert_eq!(taken, [0, 1, 2]);
    assert!(queue.take(3, &mut taken));
    assert_eq!(taken, [0, 1, 2, 3, 4]);
}

#[test]
fn a_closed_queue_gives_out_what_is_left_and_takes_nothing_more() {
    let queue = Queue::new();
    queue.push("before").unwrap();
    queue.close();
    assert_eq!(queue.push("after"), Err("after"));
    let mut taken = Vec::new();
    assert!(queue.take(9, &mut taken));
    assert_eq!(taken, ["before"]);
    assert!(!queue.take(9, &mut taken));
}

#[test]
fn closing_wakes_everyone() {
    let queue = Arc::new(Queue::<()>::new());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.take(1, &mut Vec::new()))
        })
        .collect();
    while queue.lock().asleep < 4 {
        thread::yield_now();
    }
    queue.close();
    for thread in threads {
        assert!(!thread.join().unwrap());
    }
}

/// Each of the jobs ends only when all of them have begun, so each needs a thread of its own.
#[test]
fn as_many_threads_are_woken_as_there_are_jobs() {
    const THREADS: usize = 4;
    let queue = Arc::new(Queue::<Arc<Barrier>>::new());
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut taken = Vec::new();
                while queue.take(1, &mut taken) {
                    for all_begun in taken.drain(..) {
                        all_begun.wait();
                    }
                }
            })
        })
        .collect();
    for _ in 0..50 {
        let all_begun = Arc::new(Barrier::new(THREADS + 1));
        for _ in 0..THREADS {
            queue.push(Arc::clone(&all_begun)).unwrap();
        }
        all_begun.wait();
    }
    queue.close();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn every_job_of_many_is_taken_once() {
    const JOBS: usize = 2_000;
    let queue = Arc::new(Queue::new());
    let (report, reports) = mpsc::channel();
    let takers: Vec<_> = (0..3)
        .map(|_| {
            let (queue, report) = (Arc::clone(&queue), report.clone());
            thread::spawn(move || {
                let mut taken = Vec::new();
                while queue.take(7, &mut taken) {
                    taken.drain(..).for_each(|job| report.send(job).unwrap());
                }
            })
        })
        .collect();
    drop(report);
    let givers: Vec<_> = (0..4)
        .map(|giver| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || (0..JOBS).for_each(|job| queue.push(giver * JOBS + job).unwrap()))
        })
        .collect();
    for giver in givers {
        giver.join().unwrap();
    }
    queue.close();
    let mut seen: Vec<usize> = reports.into_iter().collect();
    for taker in takers {
        taker.join().unwrap();
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..4 * JOBS).collect::<Vec<_>>());
}
