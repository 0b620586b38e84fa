//! Endpoints for admins, guarded by [`crate::request::auth::admins_only`].

pub(crate) mod attendance;
pub(crate) mod booking_detail;
pub(crate) mod bookings;
pub(crate) mod changes;
pub(crate) mod end;
mod filters;
mod history;
pub(crate) mod notifications;
pub(crate) mod participants;
pub(crate) mod payment;
pub(crate) mod payment_problems;
pub(crate) mod payment_records;
pub(crate) mod policy;
pub(crate) mod practice;
pub(crate) mod refunds;
pub(crate) mod revenue;
pub(crate) mod schedule;
pub(crate) mod series;
pub(crate) mod services;
pub(crate) mod time_off;
pub(crate) mod users;
