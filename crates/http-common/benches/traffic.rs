//! The time to count a request, alone and while another thread counts requests of the same route.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use attune_http_common::RouteTraffic;
use criterion::Criterion;

fn count(route: &RouteTraffic) {
    route.record(black_box(&Method::GET), black_box(StatusCode::OK), black_box(Duration::from_micros(730)));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let route = RouteTraffic::new("/api/meetings/{id}/link");
    criterion.bench_function("count a request", |bench| bench.iter(|| count(&route)));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                count(&route);
            }
        });
        criterion.bench_function("count a request, contended", |bench| bench.iter(|| count(&route)));
        done.store(true, Ordering::Relaxed);
    });
    criterion.final_summary();
}
