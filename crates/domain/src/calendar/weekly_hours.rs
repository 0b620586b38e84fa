//! The weekly working hours of a therapist.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use thiserror::Error;

use super::LocalTimeRange;
use crate::TimeZoneName;

/// The weekly working hours of a therapist, in local time of one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyHours {
    zone_name: TimeZoneName,
    zone: TimeZone,
    /// From Monday on; each day is sorted and without overlaps.
    days: [Vec<LocalTimeRange>; 7],
}

/// Two intervals of one weekday overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the hours of {weekday:?} overlap")]
pub struct OverlappingHours {
    /// The weekday.
    pub weekday: Weekday,
}

impl WeeklyHours {
    /// Accepts any number of intervals for each weekday, in any order; adjacent ones are allowed. A weekday without
    /// intervals is closed.
    ///
    /// `zone` is what `zone_name` means in the current time zone database; the name is kept for display.
    pub fn new(
        zone_name: TimeZoneName,
        zone: TimeZone,
        week: impl IntoIterator<Item = (Weekday, LocalTimeRange)>,
    ) -> Result<Self, OverlappingHours> {
        let mut days: [Vec<LocalTimeRange>; 7] = Default::default();
        for (weekday, interval) in week {
            days[index(weekday)].push(interval);
        }
        for (day, weekday) in days.iter_mut().zip(Weekday::Monday.cycle_forward()) {
            day.sort_unstable();
            if day.windows(2).any(|pair| pair[1].start() < pair[0].end()) {
                return Err(OverlappingHours { weekday });
            }
        }
        Ok(Self { zone_name, zone, days })
    }

    /// The name of the time zone.
    pub fn zone_name(&self) -> &TimeZoneName {
        &self.zone_name
    }

    /// The rules of the time zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The intervals of a weekday, in order.
    pub fn on(&self, weekday: Weekday) -> &[LocalTimeRange] {
        &self.days[index(weekday)]
    }
}

fn index(weekday: Weekday) -> usize {
    match weekday {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    }
}

#[cfg(test)]
mod tests;
