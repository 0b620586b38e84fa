use std::sync::Mutex;

use super::*;

struct Settable(Mutex<Timestamp>);

impl Clock for Settable {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

#[test]
fn the_last_run_and_the_last_success_are_noted_by_task() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let clock = Arc::new(Settable(Mutex::new(at(0))));
    let log = TaskLog::new(clock.clone());
    assert!(log.runs().iter().all(|task| (task.last_run, task.last_success, task.failures) == (None, None, 0)));
    for (second, task, result) in [
        (1, Task::Holds, Ok(3)),
        (2, Task::Holds, Err("down")),
        (3, Task::Refunds, Err("down")),
        (4, Task::Holds, Err("down")),
    ] {
        *clock.0.lock().unwrap() = at(second);
        assert_eq!(log.ended(task, result), result);
    }
    let ran: Vec<_> = log.runs().into_iter().filter(|task| task.last_run.is_some()).collect();
    let runs = |name, last_run, last_success: Option<i64>, failures| TaskRuns {
        name,
        last_run: Some(at(last_run)),
        last_success: last_success.map(at),
        failures,
    };
    assert_eq!(ran, [runs("holds", 4, Some(1), 2), runs("refunds", 3, None, 1)]);
}
