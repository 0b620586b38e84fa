use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use crate::account::{Account, Event};
use crate::http::Request;

/// Before or after a request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Nothing happens, and no response is stored under the idempotency key.
    Before,
    /// It is carried out and its response is stored, but does not arrive.
    After,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Behaviour {
    Succeed,
    /// It is refused before it is read: 3xx redirects, 409 means a concurrent request with the same key, 429 the rate
    /// limit. No response is stored.
    Refuse {
        status: u16,
        /// The header `Stripe-Should-Retry`, if it is sent.
        advice: Option<bool>,
    },
    /// It is carried out, but the response has this status; that response is stored under the idempotency key.
    FailAfterwards(u16),
    /// No response, and the connection stays open.
    Stall(Moment),
    /// The connection is closed instead of a response.
    Cut(Moment),
    /// The response arrives byte by byte, with this delay before each byte.
    Drip(Duration),
}

/// What happens to an event on its way to the webhook endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    Once,
    Twice,
    Never,
    /// It waits until [`FakeStripe::release`](crate::FakeStripe::release).
    Held,
}

/// A webhook request that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The id of the event.
    pub event: String,
    /// The status of the response; [`None`] when the endpoint could not be reached.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    pub(crate) endpoint: Option<String>,
    pub(crate) secrets: Vec<String>,
    pub(crate) script: VecDeque<Delivery>,
    pub(crate) held: Vec<Event>,
    pub(crate) attempts: Vec<Attempt>,
    queued: usize,
}

/// The response to a request under an idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct StoredResponse {
    pub(crate) path: String,
    pub(crate) form: BTreeMap<String, String>,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) secret_key: String,
    pub(crate) stored: HashMap<String, StoredResponse>,
    pub(crate) responses: u64,
    pub(crate) webhooks: Webhooks,
    pub(crate) script: VecDeque<Behaviour>,
    pub(crate) default: Behaviour,
    pub(crate) requests: Vec<Request>,
    sender: UnboundedSender<(String, Event)>,
}

impl State {
    fn queue_new_events(&mut self) {
        let webhooks = &mut self.webhooks;
        let events = &self.account.events[webhooks.queued..];
        if let Some(url) = &webhooks.endpoint {
            for event in events {
                let times = match webhooks.script.pop_front().unwrap_or(Delivery::Once) {
                    Delivery::Once => 1,
                    Delivery::Twice => 2,
                    Delivery::Never => 0,
                    Delivery::Held => {
                        webhooks.held.push(event.clone());
                        0
                    }
                };
                for _ in 0..times {
                    // The receiver lives as long as the server.
                    let _ = self.sender.send((url.clone(), event.clone()));
                }
            }
        }
        webhooks.queued = self.account.events.len();
    }
}

/// The state, shared by the handle and its connections. Every change wakes the tasks that wait for one.
#[derive(Debug, Clone)]
pub(crate) struct Shared(pub(crate) Arc<watch::Sender<State>>);

impl Shared {
    pub(crate) fn new(
        account: Account,
        secret_key: &str,
        secret: &str,
        sender: UnboundedSender<(String, Event)>,
    ) -> Self {
        let state = State {
            account,
            secret_key: secret_key.to_owned(),
            stored: HashMap::new(),
            responses: 0,
            webhooks: Webhooks { secrets: vec![secret.to_owned()], ..Webhooks::default() },
            script: VecDeque::new(),
            default: Behaviour::Succeed,
            requests: Vec::new(),
            sender,
        };
        Self(Arc::new(watch::Sender::new(state)))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut result = None;
        self.0.send_modify(|state| {
            result = Some(change(state));
            state.queue_new_events();
        });
        result.expect("the change was made")
    }

    /// Records the request and returns what happens to it.
    pub(crate) fn begin(&self, request: &Request) -> Behaviour {
        self.change(|state| {
            state.requests.push(request.clone());
            state.script.pop_front().unwrap_or(state.default)
        })
    }
}
