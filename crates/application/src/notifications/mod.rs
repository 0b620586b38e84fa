//! Delivers the emails in the outbox.

mod deliver;
mod held;
mod manage;
mod plan_agendas;

pub use deliver::{DeliverNotifications, DeliverySummary};
pub use held::{HeldNotifications, HeldNotificationsError};
pub use manage::{ManageNotificationError, ManageNotifications, NotificationChange};
pub use plan_agendas::PlanAgendas;

#[cfg(test)]
mod tests;
