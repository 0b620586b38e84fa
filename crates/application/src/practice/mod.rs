//! Services, working hours, schedule exceptions and the policy. No change of them affects existing bookings.

mod calendar;
mod services;

pub use calendar::{AddScheduleExceptionCommand, CalendarError, ManageCalendar, SetPolicyCommand, SetScheduleCommand};
pub use services::{ChangeServiceCommand, ManageServices, ServiceChanges, ServiceError};

#[cfg(test)]
mod tests;
