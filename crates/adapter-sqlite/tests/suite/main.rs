//! The embedded store, from outside and on real files.

mod cancellation;
mod close;
mod contract;
mod migrations;
mod open;
mod races;
mod recovery;
mod schema;
mod setting;
mod two_stores;
