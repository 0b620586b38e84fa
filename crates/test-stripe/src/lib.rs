//! A Stripe for tests: Checkout Sessions and Refunds over real HTTP, webhooks signed as Stripe signs them, and failures as
//! told.
//!
//! It keeps to what Stripe documents: the form of requests and answers, idempotency keys (same key and same request, same
//! answer; another request, `idempotency_error`; nothing kept of what never began), sessions that end by the clock, payments
//! that take days. A parameter that it does not know is refused, as Stripe refuses it, so a misspelt one shows. No money
//! moves, nothing is drawn, and time stands still until it is set.
//!
//! For tests only. What goes wrong in the fake itself (no free port, a session nobody opened) panics with a sentence,
//! because in a test that is the most useful answer.

mod api;
mod books;
mod courier;
mod fake;
mod wire;

pub use books::Event;
pub use courier::{Attempt, Delivery, signature};
pub use fake::{Behaviour, FakeStripe, Moment, PAYER_EMAIL, PAYER_NAME};
pub use wire::Received;
