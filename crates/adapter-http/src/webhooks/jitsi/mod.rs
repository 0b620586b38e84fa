//! What video servers request and report: whether a conference may start ([`reservation`]), who joined and left
//! ([`events`] from a server of the practice's own, [`jaas`] from JaaS), and the branding of rooms ([`branding`]).
//!
//! Only machines call these. The formats are Jitsi's, not ours, and grow with its releases: unknown fields are ignored,
//! and so is what cannot be read. Names and email addresses of people are never read.

pub(crate) mod branding;
pub(crate) mod events;
pub(crate) mod jaas;
mod message;
pub(crate) mod reservation;
