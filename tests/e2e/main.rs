//! Black-box tests of the `attune` binary, and tests of the workspace as a whole.
//!
//! Each scenario runs on an SQLite file and on PostgreSQL, as `…::sqlite::…` and `…::postgres::…`, unless it is about
//! something that has nothing to do with a database.

#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and scenarios are tests")]

macro_rules! on_both_databases {
    ($($scenario:ident),+ $(,)?) => {
        on_database!(sqlite, Sqlite, $($scenario),+);
        on_database!(postgres, Postgres, $($scenario),+);
    };
}

macro_rules! on_database {
    ($module:ident, $database:ident, $($scenario:ident),+ $(,)?) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $scenario() {
                    super::$scenario(attune_e2e::Database::$database).await;
                }
            )+
        }
    };
}

mod accounts;
mod admin;
mod backups;
mod bookings;
mod calendar;
mod commands;
mod crashes;
mod deployment;
mod directory;
mod emails;
mod fail_over;
mod glossary;
mod holds;
mod http;
mod instances;
mod links;
mod login_sessions;
mod mailed_links;
mod meetings;
mod metrics;
mod outages;
mod payments;
mod races;
mod readiness;
mod rings;
mod round_trips;
mod source;
mod startup;
mod structure;
mod supply_chain;
mod week;
