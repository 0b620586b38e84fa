//! The creation of one viewer's meeting link.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use attune_domain::booking::{Booking, NewBooking, PaymentPlan};
use attune_domain::meeting::{NewRoom, Viewer};
use attune_domain::{
    AccountViewer, BookingId, Currency, MeetingBaseUrl, MeetingLinkPolicy, Money, Role, RoomSuffix, ServiceId, UserId,
};
use criterion::Criterion;
use jiff::{SignedDuration, Timestamp};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let now: Timestamp = "2024-01-10T09:00:00Z".parse().unwrap();
    let base_url = MeetingBaseUrl::parse("https://meet.example.org").unwrap();
    let client = UserId::new(7).unwrap();
    let request = NewBooking {
        id: BookingId::new(12).unwrap(),
        client,
        therapist: UserId::new(1).unwrap(),
        service: ServiceId::new(1).unwrap(),
        series: None,
        scheduled_at: "2024-01-15T10:00:00Z".parse().unwrap(),
        minutes: 50,
        buffer_minutes: 10,
        price: Money::new(10_000, Currency::parse("EUR").unwrap()).unwrap(),
        note: None,
        terms: attune_domain::ChangeTerms::default(),
        payment: PaymentPlan::NotRequired(NewRoom { base_url: &base_url, suffix: RoomSuffix::from_bytes([7; 16]) }),
    };
    let (booking, _) = Booking::book(request, now).unwrap();
    let policy = MeetingLinkPolicy { grace: SignedDuration::from_mins(30) };
    let viewer = |name: &str, role| AccountViewer { id: client, display_name: name.to_owned(), role };

    let mut group = criterion.benchmark_group("plain link");
    for (what, viewer) in [
        ("a client", viewer("John Doe", Role::Client)),
        ("a therapist", viewer("Dr. Ada Lovelace", Role::Admin)),
        ("a name with many characters to escape", viewer("\"&=#%\u{201c}名\u{1f980}\"", Role::Client)),
    ] {
        group.bench_function(what, |bench| {
            let viewer = Viewer::Account(&viewer);
            bench.iter(|| policy.link_for(black_box(&booking), black_box(viewer), black_box(now)).unwrap());
        });
    }
    group.finish();
    criterion.final_summary();
}
