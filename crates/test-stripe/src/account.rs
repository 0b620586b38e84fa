//! The state of a Stripe account: checkouts, payments, refunds, and the events that each change causes.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The name of every payer. It appears in Stripe's responses and webhooks and must not appear anywhere else.
pub const PAYER_NAME: &str = "Canary Payer-Lastname";

/// The email address of every payer, see [`PAYER_NAME`].
pub const PAYER_EMAIL: &str = "canary.payer@example.test";

/// An event that Stripe reports to webhook endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    /// Such as `checkout.session.completed`.
    pub kind: String,
    /// The exact body of the webhook.
    pub body: String,
}

/// A Checkout Session and its Payment Intent, both as Stripe returns them.
#[derive(Debug)]
pub(crate) struct Checkout {
    pub(crate) object: Value,
    /// Exists once the client has completed the page.
    pub(crate) intent: Option<Value>,
}

impl Checkout {
    pub(crate) fn id(&self) -> &str {
        self.object["id"].as_str().unwrap_or_default()
    }

    pub(crate) fn is(&self, status: &str) -> bool {
        self.object["status"] == status
    }

    fn intent_id(&self) -> Option<&str> {
        self.intent.as_ref()?["id"].as_str()
    }

    /// The session with its payment expanded or as an id.
    pub(crate) fn shown(&self, expanded: bool) -> Value {
        let mut object = self.object.clone();
        object["payment_intent"] = match &self.intent {
            Some(intent) if expanded => intent.clone(),
            Some(intent) => intent["id"].clone(),
            None => Value::Null,
        };
        object
    }
}

#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) now: Timestamp,
    pub(crate) live: bool,
    pub(crate) checkouts: Vec<Checkout>,
    pub(crate) refunds: Vec<Value>,
    pub(crate) events: Vec<Event>,
    /// Whether new refunds are `pending` rather than `succeeded`.
    pub(crate) slow_refunds: bool,
    /// Added to the price of new checkouts.
    pub(crate) tax: i64,
    last_id: u64,
}

impl Account {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { now, ..Self::default() }
    }

    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.last_id += 1;
        format!("{prefix}{:012}", self.last_id)
    }

    pub(crate) fn new_checkout_id(&mut self) -> String {
        self.new_id(if self.live { "cs_live_" } else { "cs_test_" })
    }

    pub(crate) fn checkout(&mut self, id: &str) -> Option<&mut Checkout> {
        self.checkouts.iter_mut().find(|checkout| checkout.id() == id)
    }

    /// The checkout that this payment paid.
    pub(crate) fn paid_by(&self, intent: &str) -> Option<&Checkout> {
        self.checkouts.iter().find(|checkout| {
            checkout.intent_id() == Some(intent)
                && checkout.intent.as_ref().is_some_and(|it| it["status"] == "succeeded")
        })
    }

    pub(crate) fn refund(&mut self, id: &str) -> Option<&mut Value> {
        self.refunds.iter_mut().find(|refund| refund["id"] == id)
    }

    /// How much of a payment was refunded or is being refunded.
    pub(crate) fn refunded(&self, intent: &str) -> i64 {
        self.refunds
            .iter()
            .filter(|refund| refund["payment_intent"] == intent)
            .filter(|refund| refund["status"] != "failed" && refund["status"] != "canceled")
            .filter_map(|refund| refund["amount"].as_i64())
            .sum()
    }

    /// Sets the clock and expires the checkouts that are due.
    pub(crate) fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        let is_due = |checkout: &Checkout| {
            checkout.is("open") && checkout.object["expires_at"].as_i64() <= Some(now.as_second())
        };
        let due: Vec<String> = self
            .checkouts
            .iter()
            .filter(|checkout| is_due(checkout))
            .map(|checkout| checkout.id().to_owned())
            .collect();
        for id in due {
            self.expire(&id);
        }
    }

    pub(crate) fn expire(&mut self, id: &str) {
        let checkout = self.checkout(id).filter(|checkout| checkout.is("open")).expect("an open checkout");
        checkout.object["status"] = json!("expired");
        checkout.object["url"] = Value::Null;
        let object = checkout.shown(false);
        self.add_event("checkout.session.expired", object);
    }

    /// The client completes the page; the payment succeeds at once or is processing.
    pub(crate) fn complete(&mut self, id: &str, at_once: bool) {
        let intent = self.new_id("pi_");
        let (live, created) = (self.live, self.now.as_second());
        let checkout = self.checkout(id).filter(|checkout| checkout.is("open")).expect("an open checkout");
        let object = &mut checkout.object;
        object["status"] = json!("complete");
        object["url"] = Value::Null;
        object["payment_status"] = json!(if at_once { "paid" } else { "unpaid" });
        object["customer_details"] =
            json!({ "address": null, "email": PAYER_EMAIL, "name": PAYER_NAME, "phone": null, "tax_exempt": "none" });
        let status = if at_once { "succeeded" } else { "processing" };
        checkout.intent = Some(json!({
            "id": intent,
            "object": "payment_intent",
            "amount": object["amount_total"],
            "created": created,
            "currency": object["currency"],
            "livemode": live,
            "receipt_email": PAYER_EMAIL,
            "status": status,
        }));
        let object = checkout.shown(false);
        self.add_event("checkout.session.completed", object);
    }

    /// Ends a payment that was processing.
    pub(crate) fn end_payment(&mut self, id: &str, succeeds: bool) {
        let checkout = self.checkout(id).expect("a checkout");
        let intent = checkout
            .intent
            .as_mut()
            .filter(|intent| intent["status"] == "processing")
            .expect("a payment that is processing");
        let (status, event) = if succeeds {
            checkout.object["payment_status"] = json!("paid");
            ("succeeded", "checkout.session.async_payment_succeeded")
        } else {
            ("requires_payment_method", "checkout.session.async_payment_failed")
        };
        intent["status"] = json!(status);
        let object = checkout.shown(false);
        self.add_event(event, object);
    }

    /// Sets the final status of a refund; one that succeeded can still fail.
    pub(crate) fn end_refund(&mut self, id: &str, status: &str) {
        let refund = self.refund(id).expect("a refund");
        refund["status"] = json!(status);
        let object = refund.clone();
        self.add_event("refund.updated", object.clone());
        if status == "failed" {
            self.add_event("refund.failed", object);
        }
    }

    pub(crate) fn add_event(&mut self, kind: &str, object: Value) {
        let id = self.new_id("evt_");
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
        // Stripe's own webhooks are indented too.
        self.events.push(Event { id, kind: kind.to_owned(), body: format!("{event:#}") });
    }
}
