//! The practice's own data, services, working hours, schedule exceptions and the policy. No change of them affects existing
//! bookings.

mod calendar;
mod current;
mod profile;
mod services;

pub use calendar::{
    AddScheduleExceptionCommand, CalendarError, ChangeScheduleExceptionCommand, ChangedScheduleException,
    ManageCalendar, SetPolicyCommand, SetScheduleCommand,
};
pub use current::{CurrentPractice, LastLogo};
pub use profile::{
    ChangeLogoCommand, ChangePracticeCommand, ManagePracticeProfile, PracticeChanges, PracticeProfileError,
};
pub use services::{ChangeServiceCommand, ManageServices, ServiceChanges, ServiceError};

#[cfg(test)]
mod tests;
