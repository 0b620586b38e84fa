//! What the practice decides: services, therapists' hours, time off, and its policy. Nothing here ever touches a booking
//! that was made before.

mod calendar;
mod services;

pub use calendar::{AddScheduleExceptionCommand, CalendarError, ManageCalendar, SetPolicyCommand, SetScheduleCommand};
pub use services::{ChangeServiceCommand, ManageServices, ServiceChanges, ServiceError};

#[cfg(test)]
mod tests;
