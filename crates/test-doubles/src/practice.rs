use attune_domain::{Practice, PracticeName, TimeZoneName};

/// A practice that has nothing but a name and a time zone.
///
/// # Panics
///
/// If this is no name of a time zone.
pub fn practice(zone: &str) -> Practice {
    let name = PracticeName::parse("Practice Example").expect("a name");
    Practice::new(name, TimeZoneName::parse(zone).expect("a time zone"))
}
