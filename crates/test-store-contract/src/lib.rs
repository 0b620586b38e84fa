#![doc = include_str!("../README.md")]
#![allow(clippy::unwrap_used, reason = "this is a test suite: a case may stop at the first surprise")]

mod backend;
pub mod cases;
pub mod dumped;
pub mod fixtures;
pub mod migrations;
pub mod race;
pub mod schema_rules;
pub mod schemas;
pub mod upgrade;

pub use backend::{Backend, run_case};

/// Runs every case against the backends that a function gives: `store_suite!(fresh)`, where `fresh` is the path of an
/// `async fn() -> attune_test_store_contract::Backend`. The calling crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_suite {
    ($fresh:path) => {
        async fn fresh_backend_for_the_store_suite() -> $crate::Backend {
            $fresh().await
        }

        $crate::each_store_case!();
    };
}

/// The second half of [`store_suite!`]; not to be called directly.
#[doc(hidden)]
#[macro_export]
macro_rules! store_suite_tests {
    ($($group:ident { $($case:ident,)* })*) => {
        $(
            mod $group {
                $(
                    #[::tokio::test(flavor = "multi_thread")]
                    async fn $case() {
                        let backend = super::fresh_backend_for_the_store_suite().await;
                        $crate::run_case($crate::cases::$group::$case(&backend)).await;
                    }
                )*
            }
        )*
    };
}

// Defines `each_store_case`, which passes all cases to `store_suite_tests` as `group { case, … } …`. See `build.rs`.
include!(concat!(env!("OUT_DIR"), "/cases.rs"));
