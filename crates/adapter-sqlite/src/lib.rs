//! The embedded store of Attune, on SQLite
