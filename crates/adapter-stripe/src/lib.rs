//! Online payments through Stripe: [`StripeGateway`] talks to it, [`StripeEvents`] reads what it sends.
//!
//! The client pays on a page that Stripe hosts (a Checkout LoginSession), so card numbers never come near this service. Stripe
//! is told the price, the number of the booking and one neutral word for what is sold. It is not told who the client is.
//!
//! # The hold and the session
//!
//! A held slot waits for minutes; Stripe lets a session end 30 minutes to 24 hours after it was opened, and a client may
//! open one in the last minute of a hold. So every session ends at the end of its hold and [`GRACE`] more. That depends on
//! the request alone, which makes asking twice the same request, as Stripe's idempotency keys demand, and it can always
//! be agreed to. What it costs: Stripe would still take money when the hold is over. Whoever gives the slot away ends the
//! session first, see [`end_checkout`](attune_ports::OnlinePayments::end_checkout).
//!
//! # Asking again
//!
//! Each call is sent up to three times, after connection errors, time-outs, 409, 429 and 5xx, with the same idempotency
//! key, within [`Patience::total`] all in all. `Stripe-Should-Retry` has the last word when it is there. Stripe keeps what
//! it answered under a key for a day at least, errors of its own included. After an opening that came to nothing, a new
//! nonce is therefore better than the old one; should the first session be there after all, nobody has its address, and it
//! ends by itself. Refunds are looked up by our key before one is made, because a day is not long enough for money.
//!
//! # Why not one of the big client libraries
//!
//! We need six calls and one signature. A generated client has a type for each of Stripe's several hundred objects, which
//! would be compiled wherever the product is built, and it brings its own ideas of retries and time-outs, which are just
//! what has to be exact here. Six calls over the HTTP client that is there anyway can be read in one sitting, and whatever
//! an answer holds beyond what we asked for, personal data first of all, is dropped where it is read.
//!
//! # Keys
//!
//! A restricted key is enough: write access to Checkout LoginSessions and Refunds, read access to PaymentIntents. The webhook
//! endpoint has to be told of `checkout.session.completed`, `.async_payment_succeeded`, `.async_payment_failed` and
//! `.expired`, and of `refund.created`, `.updated` and `.failed`.

mod answers;
mod client;
mod gateway;
mod money;
mod settings;
mod webhook;

pub use client::STRIPE_VERSION;
pub use gateway::{GRACE, StripeGateway};
pub use settings::{Patience, Secret, SetupError, StripeConfig};
pub use webhook::StripeEvents;
