use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;

use crate::account::{Account, Event};
use crate::http::Request;
use crate::state::{Attempt, Behaviour, Delivery, Shared, State};
use crate::{api, server, webhook_sender};

/// A Stripe on a free port of this machine. It ends when dropped.
///
/// [`FakeStripe::script`] says what happens to the next requests, one entry each, [`FakeStripe::set_default`] what
/// happens to all others. The clock starts at 2024-01-15T10:00:00Z and stands still.
///
/// Methods panic when the checkout or refund does not exist or is not in a state that allows the step.
#[derive(Debug)]
pub struct FakeStripe {
    address: SocketAddr,
    shared: Shared,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl FakeStripe {
    pub const SECRET_KEY: &str = "sk_test_fake51SecretKeyOfTheAccount";

    pub const WEBHOOK_SECRET: &str = "whsec_fakeSecretOfTheEndpoint0001";

    /// Starts the server, inside a Tokio runtime.
    pub fn start() -> Self {
        let (sender, events) = unbounded_channel();
        let account = Account::new(Timestamp::from_second(1_705_312_800).expect("a time"));
        let shared = Shared::new(account, Self::SECRET_KEY, Self::WEBHOOK_SECRET, sender);
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        let listener = TcpListener::from_std(listener).expect("there is a Tokio runtime");
        let tasks = vec![
            tokio::spawn(server::run(listener, shared.clone())),
            tokio::spawn(webhook_sender::run(events, shared.clone())),
        ];
        Self { address, shared, tasks: Mutex::new(tasks) }
    }

    /// The base URL of the API.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Replaces what is left of an earlier script.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.change(|state| state.script = behaviours.into_iter().collect());
    }

    pub fn set_default(&self, behaviour: Behaviour) {
        self.shared.change(|state| state.default = behaviour);
    }

    pub fn set_secret_key(&self, key: &str) {
        self.shared.change(|state| key.clone_into(&mut state.secret_key));
    }

    /// Whether new objects say that they are about real money.
    pub fn set_live(&self, live: bool) {
        self.shared.change(|state| state.account.live = live);
    }

    /// Adds a tax to the price of every new checkout.
    pub fn set_tax(&self, minor: i64) {
        self.shared.change(|state| state.account.tax = minor);
    }

    pub fn now(&self) -> Timestamp {
        self.shared.0.borrow().account.now
    }

    /// Sets the clock; checkouts that are due expire.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.change(|state| state.account.set_now(now));
    }

    pub fn advance(&self, by: SignedDuration) {
        let now = self.now().checked_add(by).expect("a time");
        self.set_now(now);
    }

    /// Deletes all stored responses, as Stripe does after a day or later.
    pub fn purge_idempotency_keys(&self) {
        self.shared.change(|state| state.stored.clear());
    }

    /// Every request so far, in order, including the refused ones.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.0.borrow().requests.clone()
    }

    /// Waits for at least `count` requests and returns all of them.
    pub async fn wait_for_requests(&self, count: usize, patience: Duration) -> Vec<Request> {
        self.wait_until(patience, &format!("{count} requests"), |state| state.requests.len() >= count).await;
        self.requests()
    }

    /// Every checkout, oldest first, as Stripe returns it.
    pub fn checkouts(&self) -> Vec<Value> {
        self.shared.0.borrow().account.checkouts.iter().map(|checkout| checkout.shown(false)).collect()
    }

    /// Changes what a checkout says, without an event.
    pub fn change_checkout(&self, checkout: &str, change: impl FnOnce(&mut Value)) {
        self.shared.change(|state| change(&mut state.account.checkout(checkout).expect("a checkout").object));
    }

    /// The client pays and the payment succeeds at once; returns the id of the payment.
    pub fn pay(&self, checkout: &str) -> String {
        self.complete(checkout, true)
    }

    /// The client pays by a method that takes days, see [`FakeStripe::settle_payment`] and
    /// [`FakeStripe::fail_payment`]; returns the id of the payment.
    pub fn pay_slowly(&self, checkout: &str) -> String {
        self.complete(checkout, false)
    }

    fn complete(&self, checkout: &str, at_once: bool) -> String {
        self.shared.change(|state| {
            state.account.complete(checkout, at_once);
            let intent = state.account.checkout(checkout).and_then(|checkout| checkout.intent.as_ref());
            intent.and_then(|intent| intent["id"].as_str()).expect("a payment").to_owned()
        })
    }

    pub fn settle_payment(&self, checkout: &str) {
        self.shared.change(|state| state.account.end_payment(checkout, true));
    }

    pub fn fail_payment(&self, checkout: &str) {
        self.shared.change(|state| state.account.end_payment(checkout, false));
    }

    pub fn expire(&self, checkout: &str) {
        self.shared.change(|state| state.account.expire(checkout));
    }

    /// Like [`FakeStripe::pay`], if the checkout is still open at this moment.
    pub fn try_pay(&self, checkout: &str) -> Option<String> {
        self.shared.change(|state| {
            if !state.account.checkout(checkout)?.is("open") {
                return None;
            }
            state.account.complete(checkout, true);
            state.account.checkout(checkout)?.intent.as_ref()?["id"].as_str().map(str::to_owned)
        })
    }

    /// The practice refunds in Stripe's dashboard; returns the id of the refund, or [`None`] where Stripe refuses it.
    pub fn refund_in_dashboard(&self, payment: &str, minor: i64) -> Option<String> {
        self.shared.change(|state| api::refund_in_dashboard(state, payment, minor))
    }

    /// Every refund, oldest first, as Stripe returns it.
    pub fn refunds(&self) -> Vec<Value> {
        self.shared.0.borrow().account.refunds.clone()
    }

    /// Whether new refunds stay `pending` until [`FakeStripe::settle_refund`] or [`FakeStripe::fail_refund`].
    pub fn set_slow_refunds(&self, slow: bool) {
        self.shared.change(|state| state.account.slow_refunds = slow);
    }

    pub fn settle_refund(&self, refund: &str) {
        self.shared.change(|state| state.account.end_refund(refund, "succeeded"));
    }

    /// A refund fails, which can happen even after it succeeded.
    pub fn fail_refund(&self, refund: &str) {
        self.shared.change(|state| state.account.end_refund(refund, "failed"));
    }

    /// Every event so far, in order.
    pub fn events(&self) -> Vec<Event> {
        self.shared.0.borrow().account.events.clone()
    }

    /// Sends every event from now on to this URL, or to no one.
    pub fn set_endpoint(&self, url: Option<&str>) {
        self.shared.change(|state| state.webhooks.endpoint = url.map(str::to_owned));
    }

    /// Says how the next events are delivered, one entry each; all others arrive once.
    pub fn script_deliveries(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        self.shared.change(|state| state.webhooks.script = deliveries.into_iter().collect());
    }

    /// Sends the held events one after another, the newest first.
    pub async fn release(&self) {
        let held = self.shared.change(|state| std::mem::take(&mut state.webhooks.held));
        for event in held.iter().rev() {
            self.deliver(event).await;
        }
    }

    /// Sends an event now, even if it was sent before, and returns the status of the response.
    pub async fn deliver(&self, event: &Event) -> Option<u16> {
        let url = self.shared.0.borrow().webhooks.endpoint.clone().expect("an endpoint");
        webhook_sender::send(&self.shared, &url, event).await
    }

    /// Every webhook request so far, in order.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.shared.0.borrow().webhooks.attempts.clone()
    }

    /// Waits for at least `count` webhook requests with their responses and returns all of them.
    pub async fn wait_for_attempts(&self, count: usize, patience: Duration) -> Vec<Attempt> {
        self.wait_until(patience, &format!("{count} webhooks"), |state| state.webhooks.attempts.len() >= count).await;
        self.attempts()
    }

    /// Signs with all of these secrets, as Stripe does while a secret is being replaced.
    pub fn set_webhook_secrets(&self, secrets: &[&str]) {
        self.shared.change(|state| state.webhooks.secrets = secrets.iter().copied().map(str::to_owned).collect());
    }

    /// The header `Stripe-Signature` of a body that is sent now.
    pub fn sign(&self, body: &[u8]) -> String {
        webhook_sender::signature_header(&self.shared.0.borrow(), body)
    }

    async fn wait_until(&self, patience: Duration, what: &str, condition: impl FnMut(&State) -> bool) {
        let mut states = self.shared.0.subscribe();
        let in_time = tokio::time::timeout(patience, states.wait_for(condition)).await.is_ok();
        if !in_time {
            let state = self.shared.0.borrow();
            let (requests, webhooks) = (state.requests.len(), state.webhooks.attempts.len());
            panic!("no {what} within {patience:?}: {requests} requests and {webhooks} webhooks so far");
        }
    }
}

impl Drop for FakeStripe {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}
