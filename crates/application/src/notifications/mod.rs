//! Delivers the emails in the outbox.

mod deliver;
mod manage;
mod plan_agendas;

pub use deliver::{DeliverNotifications, DeliverySummary};
pub use manage::{ManageNotificationError, ManageNotifications, NotificationChange};
pub use plan_agendas::PlanAgendas;

#[cfg(test)]
mod tests;
