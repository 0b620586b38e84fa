use super::*;
use crate::Code;

fn recorded(requests: &[(&str, u16, u64)]) -> RouteTraffic {
    let route = RouteTraffic::new("/api/bookings/{id}");
    for (method, status, microseconds) in requests {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let status = StatusCode::from_u16(*status).expect("a status");
        route.record(&method, status, Duration::from_micros(*microseconds));
    }
    route
}

#[test]
fn responses_are_counted_by_method_and_status() {
    let route = recorded(&[("GET", 200, 1), ("DELETE", 504, 1), ("GET", 200, 1), ("HEAD", 200, 1), ("GET", 429, 1)]);
    let counted: Vec<_> = route.responses().collect();
    let expected = [("GET", Some(200), 2), ("GET", Some(429), 1), ("HEAD", Some(200), 1), ("DELETE", Some(504), 1)];
    assert_eq!(counted, expected);
}

#[test]
fn what_a_client_makes_up_has_no_name_of_its_own() {
    let route = recorded(&[("CANARY", 405, 1), ("get", 405, 1), ("TRACE", 599, 1), ("GET", 299, 1)]);
    let counted: Vec<_> = route.responses().collect();
    assert_eq!(counted, [("GET", None, 1), ("other", Some(405), 2), ("other", None, 1)]);
}

#[test]
fn a_duration_belongs_to_the_first_class_that_is_long_enough() {
    let route = recorded(&[0, 1_000, 1_001, 2_500, 10_000_000, 10_000_001].map(|took| ("GET", 200, took)));
    let durations = route.durations();
    let found: Vec<_> = durations.classes.iter().copied().filter(|(_, count)| *count > 0).collect();
    assert_eq!(found, [(0.001, 2), (0.0025, 2), (10.0, 1), (f64::INFINITY, 1)]);
    assert_eq!(durations.requests, 6);
    assert!((durations.seconds - 20.004_502).abs() < 1e-9, "{}", durations.seconds);
}

#[test]
fn nothing_is_lost_when_all_threads_record_at_once() {
    let route = RouteTraffic::new("/");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    route.record(&Method::GET, StatusCode::OK, Duration::from_micros(3));
                }
            });
        }
    });
    assert_eq!(route.responses().collect::<Vec<_>>(), [("GET", Some(200), 40_000)]);
    assert_eq!(route.durations().requests, 40_000);
}

#[test]
fn every_status_of_a_problem_is_counted() {
    assert!(STATUSES.is_sorted());
    for code in Code::ALL {
        let status = code.status().as_u16();
        assert!(STATUSES.contains(&status), "{status} of {code:?}");
    }
}
