//! The fake as tests hold it: what it was told to do, and what it was asked.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::api::{self, Kept};
use crate::books::{Books, Event};
use crate::courier::{self, Attempt, Delivery, Post, signature};
use crate::wire::{self, Received};

/// The name of everybody who pays here. It stands in Stripe's answers and messages, and must not get any further.
pub const PAYER_NAME: &str = "Canary Payer-Lastname";

/// The address of everybody who pays here. As [`PAYER_NAME`].
pub const PAYER_EMAIL: &str = "canary.payer@example.test";

/// Before or after the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Nothing happens, and nothing is kept under the idempotency key.
    Before,
    /// It happens, and the answer is kept; only it does not arrive.
    After,
}

/// What the fake does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// What is asked.
    Obey,
    /// Nothing, and says so: 3xx somewhere else, 409 another request is under way, 429 too many, 5xx trouble at the door.
    /// Nothing is kept.
    Refuse {
        /// The status.
        status: u16,
        /// `Stripe-Should-Retry`, if it is sent.
        advice: Option<bool>,
    },
    /// What is asked, and answers with this status; that answer is kept under the idempotency key.
    Spoil(u16),
    /// Says nothing any more, and keeps the connection open.
    Stall(Moment),
    /// Closes the connection instead of answering.
    Cut(Moment),
    /// What is asked, and answers byte by byte, with this pause before each.
    Drip(Duration),
}

/// What tests may ask about and change while connections are served.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) books: Books,
    pub(crate) secret_key: String,
    pub(crate) kept: HashMap<String, Kept>,
    pub(crate) answered: u64,
    pub(crate) post: Post,
    webhook_secrets: Vec<String>,
    script: VecDeque<Behaviour>,
    default: Behaviour,
    requests: Vec<Received>,
    carried: usize,
    courier: UnboundedSender<(String, Event)>,
}

impl State {
    /// The header over a message that is sent now. The scheme `v0` is the one that Stripe adds to test messages.
    pub(crate) fn sign(&self, body: &[u8]) -> String {
        let at = self.books.now;
        let mut header = format!("t={}", at.as_second());
        for secret in &self.webhook_secrets {
            header.push_str(&format!(",v1={}", signature(secret, at, body)));
        }
        header.push_str(&format!(",v0={}", signature("whsec_of_another_scheme", at, body)));
        header
    }

    /// Gives the courier what has happened since the last time.
    fn carry(&mut self) {
        let events = &self.books.events[self.carried..];
        let post = &mut self.post;
        if let Some(url) = &post.endpoint {
            for event in events {
                let times = match post.script.pop_front().unwrap_or(Delivery::Once) {
                    Delivery::Once => 1,
                    Delivery::Twice => 2,
                    Delivery::Never => 0,
                    Delivery::Held => {
                        post.held.push(event.clone());
                        0
                    }
                };
                for _ in 0..times {
                    // It ends only together with the fake.
                    let _ = self.courier.send((url.clone(), event.clone()));
                }
            }
        }
        self.carried = self.books.events.len();
    }
}

/// The state, shared by the fake and its connections. Every change wakes those who wait for one.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<watch::Sender<State>>);

impl Shared {
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut result = None;
        self.0.send_modify(|state| {
            result = Some(change(state));
            state.carry();
        });
        result.expect("the change was made")
    }

    /// Writes the request down, and takes what is to be done with it.
    pub(crate) fn begin(&self, request: &Received) -> Behaviour {
        self.change(|state| {
            state.requests.push(request.clone());
            state.script.pop_front().unwrap_or(state.default)
        })
    }
}

/// A Stripe on a free port of this machine. It ends when dropped.
///
/// A new fake does what is asked. [`FakeStripe::script`] lists what happens to the next requests, one entry each; after the
/// last entry, [`FakeStripe::set_default`] says how it goes on. Its clock begins at 2024-01-15T10:00:00Z.
#[derive(Debug)]
pub struct FakeStripe {
    address: SocketAddr,
    shared: Shared,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl FakeStripe {
    /// The key that it takes.
    pub const SECRET_KEY: &str = "sk_test_fake51SecretKeyOfTheAccount";

    /// What it signs its messages with.
    pub const WEBHOOK_SECRET: &str = "whsec_fakeSecretOfTheEndpoint0001";

    /// Starts on a free port. To be called inside a Tokio runtime.
    ///
    /// # Panics
    ///
    /// When this machine has no free port, or outside a runtime.
    pub fn start() -> Self {
        let (courier, events) = unbounded_channel();
        let state = State {
            books: Books::new(Timestamp::from_second(1_705_312_800).expect("a time")),
            secret_key: Self::SECRET_KEY.to_owned(),
            kept: HashMap::new(),
            answered: 0,
            post: Post::default(),
            webhook_secrets: vec![Self::WEBHOOK_SECRET.to_owned()],
            script: VecDeque::new(),
            default: Behaviour::Obey,
            requests: Vec::new(),
            carried: 0,
            courier,
        };
        let shared = Shared(Arc::new(watch::Sender::new(state)));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        let listener = TcpListener::from_std(listener).expect("there is a Tokio runtime");
        let serving = tokio::spawn(serve(listener, shared.clone()));
        let carrying = tokio::spawn(courier::carry(events, shared.clone()));
        Self { address, shared, tasks: Mutex::new(vec![serving, carrying]) }
    }

    /// Where it listens, as `http://127.0.0.1:<port>/`.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Says what happens to the next requests, in place of what was left of an earlier script.
    pub fn script(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.change(|state| state.script = behaviours.into_iter().collect());
    }

    /// Says what happens when there is no script, or after it.
    pub fn set_default(&self, behaviour: Behaviour) {
        self.shared.change(|state| state.default = behaviour);
    }

    /// Takes this key, and no other, from now on.
    pub fn set_secret_key(&self, key: &str) {
        self.shared.change(|state| key.clone_into(&mut state.secret_key));
    }

    /// Says of everything from now on that it is about real money, or not.
    pub fn set_live(&self, live: bool) {
        self.shared.change(|state| state.books.live = live);
    }

    /// Adds a tax to the price of every new session, as an account does that was told to.
    pub fn set_tax(&self, minor: i64) {
        self.shared.change(|state| state.books.tax = minor);
    }

    /// What time it is here.
    pub fn now(&self) -> Timestamp {
        self.shared.0.borrow().books.now
    }

    /// Sets the clock. Sessions whose time is over end.
    pub fn set_now(&self, now: Timestamp) {
        self.shared.change(|state| state.books.set_now(now));
    }

    /// Moves the clock, as [`FakeStripe::set_now`].
    ///
    /// # Panics
    ///
    /// When that is beyond all time.
    pub fn advance(&self, by: SignedDuration) {
        let now = self.now().checked_add(by).expect("a time");
        self.set_now(now);
    }

    /// Forgets all idempotency keys, as Stripe does after a day or later.
    pub fn forget_keys(&self) {
        self.shared.change(|state| state.kept.clear());
    }

    /// Every request so far, in order, whatever became of it.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.0.borrow().requests.clone()
    }

    /// Waits until at least `count` requests have come, and returns all of them.
    ///
    /// # Panics
    ///
    /// When they have not come within `patience`.
    pub async fn wait_for_requests(&self, count: usize, patience: Duration) -> Vec<Received> {
        self.wait_until(patience, &format!("{count} requests"), |state| state.requests.len() >= count).await;
        self.requests()
    }

    /// Every session, oldest first, as Stripe would show it.
    pub fn sessions(&self) -> Vec<Value> {
        self.shared.0.borrow().books.sessions.iter().map(|entry| entry.shown(false)).collect()
    }

    /// Changes what a session says of itself, behind everybody's back.
    ///
    /// # Panics
    ///
    /// When there is no such session.
    pub fn alter_session(&self, session: &str, change: impl FnOnce(&mut Value)) {
        self.shared.change(|state| change(&mut state.books.session(session).expect("a session").object));
    }

    /// The client pays, and the money is there at once. The name of the payment.
    ///
    /// # Panics
    ///
    /// When the session is not open.
    pub fn pay(&self, session: &str) -> String {
        self.complete(session, true)
    }

    /// The client pays in a way that takes days; see [`FakeStripe::arrive`] and [`FakeStripe::fail`]. The name of the
    /// payment.
    ///
    /// # Panics
    ///
    /// When the session is not open.
    pub fn pay_slowly(&self, session: &str) -> String {
        self.complete(session, false)
    }

    fn complete(&self, session: &str, at_once: bool) -> String {
        self.shared.change(|state| {
            state.books.complete(session, at_once);
            let intent = state.books.session(session).and_then(|entry| entry.intent.as_ref());
            intent.and_then(|intent| intent["id"].as_str()).expect("a payment").to_owned()
        })
    }

    /// Money that was on its way arrives.
    ///
    /// # Panics
    ///
    /// When none was.
    pub fn arrive(&self, session: &str) {
        self.shared.change(|state| state.books.arrive(session, true));
    }

    /// Money that was on its way does not arrive.
    ///
    /// # Panics
    ///
    /// When none was.
    pub fn fail(&self, session: &str) {
        self.shared.change(|state| state.books.arrive(session, false));
    }

    /// Ends an open session.
    ///
    /// # Panics
    ///
    /// When it is not open.
    pub fn expire(&self, session: &str) {
        self.shared.change(|state| state.books.expire(session));
    }

    /// The client pays if the session is still open at this moment; the name of the payment.
    pub fn try_pay(&self, session: &str) -> Option<String> {
        self.shared.change(|state| {
            if !state.books.session(session)?.is("open") {
                return None;
            }
            state.books.complete(session, true);
            state.books.session(session)?.intent.as_ref()?["id"].as_str().map(str::to_owned)
        })
    }

    /// The practice gives money back by hand, on Stripe's own pages. The name of the refund; [`None`] where Stripe would
    /// refuse it.
    pub fn give_back(&self, payment: &str, minor: i64) -> Option<String> {
        self.shared.change(|state| api::give_back_by_hand(state, payment, minor))
    }

    /// Every refund, oldest first, as Stripe would show it.
    pub fn refunds(&self) -> Vec<Value> {
        self.shared.0.borrow().books.refunds.clone()
    }

    /// Lets new refunds take a while; see [`FakeStripe::settle_refund`] and [`FakeStripe::fail_refund`].
    pub fn set_slow_refunds(&self, slow: bool) {
        self.shared.change(|state| state.books.slow_refunds = slow);
    }

    /// A refund reaches the client.
    ///
    /// # Panics
    ///
    /// When there is no such refund.
    pub fn settle_refund(&self, refund: &str) {
        self.shared.change(|state| state.books.end_refund(refund, "succeeded"));
    }

    /// A refund comes back, even after it had succeeded.
    ///
    /// # Panics
    ///
    /// When there is no such refund.
    pub fn fail_refund(&self, refund: &str) {
        self.shared.change(|state| state.books.end_refund(refund, "failed"));
    }

    /// Everything that happened so far, in order.
    pub fn events(&self) -> Vec<Event> {
        self.shared.0.borrow().books.events.clone()
    }

    /// Sends every event from now on to this address; [`None`]: no more.
    pub fn set_endpoint(&self, url: Option<&str>) {
        self.shared.change(|state| state.post.endpoint = url.map(str::to_owned));
    }

    /// Says how the next events travel, in place of what was left of an earlier script; all others arrive once.
    pub fn script_deliveries(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        self.shared.change(|state| state.post.script = deliveries.into_iter().collect());
    }

    /// Sends what was held, one after the other, the newest first.
    ///
    /// # Panics
    ///
    /// When there is no endpoint.
    pub async fn release(&self) {
        let held = self.shared.change(|state| std::mem::take(&mut state.post.held));
        for event in held.iter().rev() {
            self.deliver(event).await;
        }
    }

    /// Sends an event now, whatever became of it before, and returns what the endpoint answered.
    ///
    /// # Panics
    ///
    /// When there is no endpoint.
    pub async fn deliver(&self, event: &Event) -> Option<u16> {
        let url = self.shared.0.borrow().post.endpoint.clone().expect("an endpoint");
        courier::send(&self.shared, &url, event).await
    }

    /// Every message sent so far, in order.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.shared.0.borrow().post.attempts.clone()
    }

    /// Waits until at least `count` messages were sent and answered, and returns all of them.
    ///
    /// # Panics
    ///
    /// When they were not within `patience`.
    pub async fn wait_for_attempts(&self, count: usize, patience: Duration) -> Vec<Attempt> {
        self.wait_until(patience, &format!("{count} messages"), |state| state.post.attempts.len() >= count).await;
        self.attempts()
    }

    /// Signs with these secrets from now on, with all of them at once, as Stripe does while one is being changed.
    pub fn set_webhook_secrets(&self, secrets: &[&str]) {
        self.shared.change(|state| state.webhook_secrets = secrets.iter().copied().map(str::to_owned).collect());
    }

    /// The header `Stripe-Signature` over a body that is sent now.
    pub fn sign(&self, body: &[u8]) -> String {
        self.shared.0.borrow().sign(body)
    }

    async fn wait_until(&self, patience: Duration, what: &str, condition: impl FnMut(&State) -> bool) {
        let mut states = self.shared.0.subscribe();
        let came = tokio::time::timeout(patience, states.wait_for(condition)).await.is_ok();
        if !came {
            let state = self.shared.0.borrow();
            let (requests, messages) = (state.requests.len(), state.post.attempts.len());
            panic!("no {what} within {patience:?}: {requests} requests and {messages} messages so far");
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

/// The connections end with this task.
async fn serve(listener: TcpListener, shared: Shared) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(wire::serve(stream, shared.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
