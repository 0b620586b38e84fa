//! What the fake remembers: sessions, what was paid, refunds, and the events that follow from each change.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fake::{PAYER_EMAIL, PAYER_NAME};

/// Something that happened, as Stripe tells it to webhook endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `evt_…`.
    pub id: String,
    /// Such as `checkout.session.completed`.
    pub kind: String,
    /// The body of the message, to the byte.
    pub body: String,
}

/// A session and the payment behind it, both as Stripe shows them.
#[derive(Debug)]
pub(crate) struct SessionEntry {
    pub(crate) object: Value,
    /// Made when the client is through with the page.
    pub(crate) intent: Option<Value>,
}

impl SessionEntry {
    pub(crate) fn id(&self) -> &str {
        self.object["id"].as_str().unwrap_or_default()
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.object["status"] == status
    }

    fn intent_id(&self) -> Option<&str> {
        self.intent.as_ref()?["id"].as_str()
    }

    /// The session with the payment in its place, whole or by its name.
    pub(crate) fn shown(&self, whole: bool) -> Value {
        let mut object = self.object.clone();
        object["payment_intent"] = match &self.intent {
            Some(intent) if whole => intent.clone(),
            Some(intent) => intent["id"].clone(),
            None => Value::Null,
        };
        object
    }
}

/// The books.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) now: Timestamp,
    pub(crate) live: bool,
    pub(crate) sessions: Vec<SessionEntry>,
    pub(crate) refunds: Vec<Value>,
    pub(crate) events: Vec<Event>,
    /// Whether new refunds are `pending` rather than `succeeded`.
    pub(crate) slow_refunds: bool,
    /// Added to the price of new sessions.
    pub(crate) tax: i64,
    names: u64,
}

impl Books {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            live: false,
            sessions: Vec::new(),
            refunds: Vec::new(),
            events: Vec::new(),
            slow_refunds: false,
            tax: 0,
            names: 0,
        }
    }

    /// A name that was not given before.
    pub(crate) fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{:012}", self.names)
    }

    /// `cs_test_…` or `cs_live_…`.
    pub(crate) fn session_name(&mut self) -> String {
        self.name(if self.live { "cs_live_" } else { "cs_test_" })
    }

    pub(crate) fn session(&mut self, id: &str) -> Option<&mut SessionEntry> {
        self.sessions.iter_mut().find(|entry| entry.id() == id)
    }

    /// The session that was paid by this payment.
    pub(crate) fn paid_by(&self, intent: &str) -> Option<&SessionEntry> {
        self.sessions.iter().find(|entry| {
            entry.intent_id() == Some(intent) && entry.intent.as_ref().is_some_and(|it| it["status"] == "succeeded")
        })
    }

    pub(crate) fn refund(&mut self, id: &str) -> Option<&mut Value> {
        self.refunds.iter_mut().find(|refund| refund["id"] == id)
    }

    /// What has gone back of a payment, or is going.
    pub(crate) fn given_back(&self, intent: &str) -> i64 {
        self.refunds
            .iter()
            .filter(|refund| refund["payment_intent"] == intent)
            .filter(|refund| refund["status"] != "failed" && refund["status"] != "canceled")
            .filter_map(|refund| refund["amount"].as_i64())
            .sum()
    }

    /// Moves the clock, and ends the sessions whose time is over.
    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        let over =
            |entry: &SessionEntry| entry.is("open") && entry.object["expires_at"].as_i64() <= Some(now.as_second());
        let due: Vec<String> =
            self.sessions.iter().filter(|entry| over(entry)).map(|entry| entry.id().to_owned()).collect();
        for id in due {
            self.expire(&id);
        }
    }

    /// Ends an open session.
    pub(crate) fn expire(&mut self, id: &str) {
        let entry = self.session(id).filter(|entry| entry.is("open")).expect("an open session");
        entry.object["status"] = json!("expired");
        entry.object["url"] = Value::Null;
        let object = entry.shown(false);
        self.tell("checkout.session.expired", object);
    }

    /// Lets the client through the page. The money is there, or on its way.
    pub(crate) fn complete(&mut self, id: &str, at_once: bool) {
        let intent = self.name("pi_");
        let (live, created) = (self.live, self.now.as_second());
        let entry = self.session(id).filter(|entry| entry.is("open")).expect("an open session");
        let object = &mut entry.object;
        object["status"] = json!("complete");
        object["url"] = Value::Null;
        object["payment_status"] = json!(if at_once { "paid" } else { "unpaid" });
        object["customer_details"] =
            json!({ "address": null, "email": PAYER_EMAIL, "name": PAYER_NAME, "phone": null, "tax_exempt": "none" });
        let status = if at_once { "succeeded" } else { "processing" };
        entry.intent = Some(json!({
            "id": intent,
            "object": "payment_intent",
            "amount": object["amount_total"],
            "created": created,
            "currency": object["currency"],
            "livemode": live,
            "receipt_email": PAYER_EMAIL,
            "status": status,
        }));
        let object = entry.shown(false);
        self.tell("checkout.session.completed", object);
    }

    /// Brings money that was on its way to its end.
    pub(crate) fn arrive(&mut self, id: &str, arrives: bool) {
        let entry = self.session(id).expect("a session");
        let intent = entry.intent.as_mut().filter(|intent| intent["status"] == "processing").expect("money on its way");
        let (status, event) = if arrives {
            entry.object["payment_status"] = json!("paid");
            ("succeeded", "checkout.session.async_payment_succeeded")
        } else {
            ("requires_payment_method", "checkout.session.async_payment_failed")
        };
        intent["status"] = json!(status);
        let object = entry.shown(false);
        self.tell(event, object);
    }

    /// Brings a refund to an end; one that succeeded can still fail.
    pub(crate) fn end_refund(&mut self, id: &str, status: &str) {
        let refund = self.refund(id).expect("a refund");
        refund["status"] = json!(status);
        let object = refund.clone();
        self.tell("refund.updated", object.clone());
        if status == "failed" {
            self.tell("refund.failed", object);
        }
    }

    /// Writes an event down.
    pub(crate) fn tell(&mut self, kind: &str, object: Value) {
        let id = self.name("evt_");
        let event = json!({
            "id": id,
            "object": "event",
            "api_version": "2026-08-26.dahlia",
            "created": self.now.as_second(),
            "data": { "object": object },
            "livemode": self.live,
            "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "type": kind,
        });
        // Stripe's own messages are spread over lines too.
        self.events.push(Event { id, kind: kind.to_owned(), body: format!("{event:#}") });
    }
}
