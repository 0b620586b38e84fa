//! Changes that are based on a version.

/// Whether a change must be refused: it names a version that is not the current one. A change that names none is based on
/// whatever is current.
pub(crate) fn is_outdated(based_on: Option<u32>, current: u32) -> bool {
    based_on.is_some_and(|version| version != current)
}
