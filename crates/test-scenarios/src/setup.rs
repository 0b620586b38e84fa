//! The settings of a practice in a scenario.

use attune_domain::calendar::RuleSettings;
use attune_domain::{ChangeTerms, PracticePolicy};
use attune_ports::Provider;
use jiff::SignedDuration;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub provider: Provider,
    pub policy: PracticePolicy,
}

pub fn any_setup() -> impl Strategy<Value = Setup> {
    let minutes = || prop_oneof![Just(0_u32), Just(120), Just(1440)];
    (
        prop_oneof![Just(Provider::None), Just(Provider::Test), Just(Provider::Offline)],
        prop_oneof![Just(0_u32), Just(45)],
        prop_oneof![Just(None), Just(Some(2_u32))],
        (minutes(), prop_oneof![Just(0_u32), Just(20)], prop_oneof![Just(0_u8), Just(33), Just(100)], minutes()),
        any::<bool>(),
    )
        .prop_map(
            |(
                provider,
                notice_minutes,
                daily_limit,
                (free_minutes, grace_minutes, percent, reschedule_minutes),
                auto,
            )| {
                let rules = RuleSettings { notice_minutes, horizon_days: 20, daily_limit, ..RuleSettings::default() };
                let terms =
                    ChangeTerms { free_minutes, grace_minutes, late_refund_percent: percent, reschedule_minutes };
                Setup { provider, policy: PracticePolicy { rules, terms, auto_complete: auto } }
            },
        )
}

impl Setup {
    pub const START: &str = "2024-01-15T03:00:00Z";
    pub const OPENS: i64 = 3 * 60 + 30;
    pub const CLOSES: i64 = 11 * 60 + 30;
    pub const MINUTES: i64 = 50;
    pub const PAUSE: i64 = 10;
    pub const PRICE: i64 = 10_001;
    pub const REMINDERS: [u32; 2] = [1440, 60];
    pub const GRACE: i64 = 30;

    pub fn hold(provider: Provider) -> SignedDuration {
        match provider {
            Provider::None => SignedDuration::ZERO,
            Provider::Test | Provider::Stripe => SignedDuration::from_mins(15),
            Provider::Offline => SignedDuration::from_hours(48),
        }
    }
}
