//! Recorded messages of video servers about the first booking, with another room name, and their results.

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

/// The attendance of the therapist and the client, as [`Practice::attendance`] returns it.
pub(crate) const VISITS: [&str; 2] = ["therapist 1 09:59:00Z 10:51:00Z 52 1", "client 2 10:01:00Z 10:50:00Z 49 1"];

/// A practice with an appointment that has started.
pub(crate) async fn started_session(parts: Parts) -> Practice {
    let (practice, ..) = parts.without_limits().with_session().await;
    practice.set_time("2024-01-15T11:00:00Z");
    practice
}

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
        let view = self.parts.store.booking(FIRST).await.unwrap().unwrap();
        view.booking.room().unwrap().id().to_owned()
    }

    /// A request of the practice's own video server.
    pub(crate) fn server(&self, method: Method, path: &str) -> Call<'_> {
        self.request(method, path).token(SERVER_SECRET)
    }

    /// The practice's own server reports an event of the first booking's room.
    pub(crate) async fn notify(&self, recorded: &str) -> Reply {
        let body = about(&self.room_name().await, recorded);
        // The path has the same event as the message.
        self.server(Method::POST, "/jitsi/events/occupant/left").json(&body).send().await
    }

    /// JaaS reports an event of the first booking's room.
    pub(crate) async fn notify_from_jaas(&self, recorded: &str) -> Reply {
        self.send_from_jaas("genuine", &about(&self.room_name().await, recorded)).await
    }

    /// Sends a message of JaaS with this signature.
    pub(crate) async fn send_from_jaas(&self, signature: &str, body: &str) -> Reply {
        self.request(Method::POST, "/api/webhooks/jaas").header("X-Jaas-Signature", signature).json(body).send().await
    }

    /// The attendance of the first booking on its evening: role, account, joined, left, minutes, visits, and whether it is
    /// estimated.
    pub(crate) async fn attendance(&self) -> Vec<String> {
        let carl = self.admin_at("2024-01-15T20:00:00Z").await;
        let report = self.get("/api/admin/reports/attendance", &carl).await.json();
        let fields = ["role", "user_id", "joined_at", "left_at", "minutes", "visits", "estimated"];
        let visits = lines(&report["sessions"][0]["attendance"], &fields);
        let shortened =
            |visit: &String| visit.replace("2024-01-15T", "").replace(" false", "").replace(" true", " estimated");
        visits.iter().map(shortened).collect()
    }
}
