use attune_domain::TimeZoneName;
use attune_ports::TimeZones;
use jiff::tz::TimeZone;

/// The time zone database of the machine, or the bundled copy if the machine has none.
pub struct SystemZones;

impl TimeZones for SystemZones {
    fn find(&self, name: &TimeZoneName) -> Option<TimeZone> {
        jiff::tz::db().get(name.as_str()).ok().filter(|zone| !zone.is_unknown())
    }
}
