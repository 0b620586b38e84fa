//! Recorded messages of video servers about the first booking, with another room name, and their results.

use attune_domain::BookingId;
use attune_ports::Queries;
use reqwest::Method;
use serde_json::Value;

use super::harness::*;

pub(crate) const ROOM_CREATED: &str = include_str!("room-created.json");
pub(crate) const CARL_JOINED: &str = include_str!("occupant-joined.json");
pub(crate) const ADA_LEFT: &str = include_str!("occupant-left.json");
pub(crate) const GUEST_JOINED: &str = include_str!("guest-joined.json");
pub(crate) const ROOM_DESTROYED: &str = include_str!("room-destroyed.json");
pub(crate) const BREAKOUT_DESTROYED: &str = include_str!("breakout-destroyed.json");

pub(crate) const CONFERENCE: &str = include_str!("conference.form");

pub(crate) const JAAS_ADA_JOINED: &str = include_str!("jaas-participant-joined.json");
pub(crate) const JAAS_ADA_LEFT: &str = include_str!("jaas-participant-left.json");
pub(crate) const JAAS_CARL_JOINED: &str = include_str!("jaas-therapist-joined.json");
pub(crate) const JAAS_ROOM_DESTROYED: &str = include_str!("jaas-room-destroyed.json");
pub(crate) const JAAS_BREAKOUT_DESTROYED: &str = include_str!("jaas-breakout-destroyed.json");
pub(crate) const JAAS_SETTINGS: &str = include_str!("jaas-settings-provisioning.json");

/// The message about another room.
pub(crate) fn about(room: &str, recorded: &str) -> String {
    recorded.replace("@room@", room)
}

/// The message with one field changed, which has to exist.
pub(crate) fn with(recorded: &str, pointer: &str, value: Value) -> String {
    let mut message: Value = serde_json::from_str(recorded).unwrap();
    *message.pointer_mut(pointer).unwrap() = value;
    message.to_string()
}

/// All permutations.
pub(crate) fn orders<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    if all.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for at in 0..all.len() {
        let mut rest = all.to_vec();
        let first = rest.remove(at);
        found.extend(orders(&rest).into_iter().map(|order| [vec![first.clone()], order].concat()));
    }
    found
}

impl Practice {
    /// The name of the first booking's room.
    pub(crate) async fn room_name(&self) -> String {
        let view = self.parts.store.booking(BookingId::new(1).unwrap()).await.unwrap().unwrap();
        view.booking.room().unwrap().id().to_owned()
    }

    /// A request of the practice's own video server.
    pub(crate) fn server(&self, method: Method, path: &str) -> Call<'_> {
        self.request(method, path).token(SERVER_SECRET)
    }

    /// The practice's own server reports an event of the first booking's room.
    pub(crate) async fn tell(&self, recorded: &str) -> Reply {
        let body = about(&self.room_name().await, recorded);
        // The path has the same event as the message.
        self.server(Method::POST, "/jitsi/events/occupant/left").json(&body).send().await
    }

    /// JaaS reports an event of the first booking's room.
    pub(crate) async fn jaas_tells(&self, recorded: &str) -> Reply {
        let body = about(&self.room_name().await, recorded);
        self.request(Method::POST, "/api/webhooks/jaas").header("X-Jaas-Signature", "genuine").json(&body).send().await
    }

    /// The attendance of the first booking on its evening: role, account, joined, left, minutes, visits.
    pub(crate) async fn was_there(&self) -> Vec<String> {
        self.set_time("2024-01-15T20:00:00Z");
        let carl = self.admin().await;
        let report = self.get("/api/admin/reports/attendance", &carl).await.json();
        let told = |a: &Value| {
            let text = |field: &str| a[field].to_string().trim_matches('"').replace("2024-01-15T", "");
            let fields = ["role", "user_id", "joined_at", "left_at", "minutes", "visits"];
            fields.map(text).join(" ")
        };
        report["sessions"][0]["attendance"].as_array().unwrap().iter().map(told).collect()
    }
}
