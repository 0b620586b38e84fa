//! The rules of the practice for booking, rescheduling and cancelling.

use std::ops::RangeInclusive;

use actix_web::HttpResponse;
use actix_web::web::Data;
use attune_application::practice::SetPolicyCommand;
use attune_domain::calendar::RuleSettings;
use attune_domain::{Booking, BookingRules, ChangeTerms, PracticePolicy};
use attune_http_common::HandlerResult;
use attune_ports::Versioned;
use serde::Serialize;
use utoipa::ToSchema;

use crate::client::changes::version_or_zero;
use crate::request::auth::Admin;
use crate::request::input::{Fields, FromFields, Request};
use crate::state::State;

const NOTICE_MINUTES: RangeInclusive<i64> = 0..=Booking::HORIZON_DAYS * 24 * 60 - 1;
const HORIZON_DAYS: RangeInclusive<i64> = 1..=Booking::HORIZON_DAYS;
/// A day has no more minutes.
const DAILY_LIMITS: RangeInclusive<i64> = 1..=24 * 60;
const STEPS: RangeInclusive<i64> = BookingRules::MIN_STEP_MINUTES as i64..=24 * 60;
const GRACE: RangeInclusive<i64> = 0..=ChangeTerms::MAX_GRACE_MINUTES as i64;
const CHANGES: RangeInclusive<i64> = 0..=ChangeTerms::MAX_MINUTES as i64;

/// The practice's rules for booking, rescheduling and cancelling.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Policy, example = json!({
    "notice_minutes": 120, "horizon_days": 90, "daily_limit": 6, "step_minutes": 15,
    "cancellation": {"free_minutes": 1440, "late_refund_percent": 0},
    "cancel_grace_period_minutes": 3, "reschedule_minutes": 1440, "auto_complete": true, "version": 2,
}))]
pub(crate) struct PolicyBody {
    /// Minimum notice of a booking, in minutes before the start.
    #[schema(minimum = 0, maximum = 527039)]
    notice_minutes: u32,
    /// Booking horizon: how many days ahead an appointment can be booked.
    #[schema(minimum = 1, maximum = 366)]
    horizon_days: u32,
    /// Maximum number of appointments of a therapist on one date; null for no limit.
    #[schema(minimum = 1, maximum = 1440)]
    daily_limit: Option<u32>,
    /// Minutes between the start times that are offered.
    #[schema(minimum = 5, maximum = 1440)]
    step_minutes: u32,
    /// Cancellation terms.
    cancellation: CancellationTerms,
    /// Minutes after booking in which a client who cancels receives a full refund, whenever the appointment starts; 0
    /// for no such period. If it is left out, 3.
    #[schema(value_type = Option<u32>, minimum = 0, maximum = 1440, default = 3)]
    cancel_grace_period_minutes: u32,
    /// Minutes before the start until which clients can reschedule.
    #[schema(minimum = 0, maximum = 43200)]
    reschedule_minutes: u32,
    /// Whether a booking is completed automatically once the appointment is over, unless an admin has marked it
    /// otherwise.
    auto_complete: bool,
    /// Version of the policy: 0 until it is changed, then one more with each change. In a request: the version that the
    /// change is based on, or left out. If the policy has another version by now, nothing changes (409
    /// `version_conflict`).
    #[schema(value_type = Option<u32>, minimum = 0)]
    version: u32,
}

/// Cancellation terms. When the practice cancels, everything is refunded at any time.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancellationTerms {
    /// Minutes before the start until which a client receives a full refund.
    #[schema(minimum = 0, maximum = 43200)]
    free_minutes: u32,
    /// Percentage of the price that is refunded after that.
    #[schema(minimum = 0, maximum = 100)]
    late_refund_percent: u8,
}

impl From<Versioned<PracticePolicy>> for PolicyBody {
    fn from(policy: Versioned<PracticePolicy>) -> Self {
        let PracticePolicy { rules, terms, auto_complete } = policy.value;
        Self {
            notice_minutes: rules.notice_minutes,
            horizon_days: rules.horizon_days,
            daily_limit: rules.daily_limit,
            step_minutes: rules.step_minutes,
            cancellation: CancellationTerms {
                free_minutes: terms.free_minutes,
                late_refund_percent: terms.late_refund_percent,
            },
            cancel_grace_period_minutes: terms.grace_minutes,
            reschedule_minutes: terms.reschedule_minutes,
            auto_complete,
            version: policy.version,
        }
    }
}

struct NewPolicy {
    policy: PracticePolicy,
    version: Option<u32>,
}

impl FromFields for NewPolicy {
    fn read(fields: &mut Fields) -> Option<Self> {
        let notice = number(fields, "notice_minutes", NOTICE_MINUTES);
        let horizon = number(fields, "horizon_days", HORIZON_DAYS);
        let daily_limit = fields.whole_within("daily_limit", DAILY_LIMITS);
        let step = number(fields, "step_minutes", STEPS);
        let cancellation = fields.need("cancellation", |fields, name| {
            fields.object(name, |terms| {
                let free = number(terms, "free_minutes", CHANGES);
                let percent = terms.need("late_refund_percent", |terms, name| terms.whole_within(name, 0..=100));
                Some((free?, percent?))
            })
        });
        let grace = fields.whole_within("cancel_grace_period_minutes", GRACE);
        let reschedule = number(fields, "reschedule_minutes", CHANGES);
        let auto_complete = fields.need("auto_complete", Fields::flag);
        let version = version_or_zero(fields);
        let (free_minutes, late_refund_percent) = cancellation?;
        let policy = PracticePolicy {
            rules: RuleSettings { notice_minutes: notice?, horizon_days: horizon?, daily_limit, step_minutes: step? },
            terms: ChangeTerms {
                free_minutes,
                grace_minutes: grace.unwrap_or(ChangeTerms::default().grace_minutes),
                late_refund_percent,
                reschedule_minutes: reschedule?,
            },
            auto_complete: auto_complete?,
        };
        Some(Self { policy, version })
    }
}

fn number(fields: &mut Fields, name: &str, range: RangeInclusive<i64>) -> Option<u32> {
    fields.need(name, |fields, name| fields.whole_within(name, range))
}

/// Retrieve the booking policy
#[utoipa::path(
    get, path = "/api/admin/policy", operation_id = "getBookingPolicy",
    responses((status = 200, description = "The booking policy", body = PolicyBody))
)]
pub(crate) async fn show(state: Data<State>, Admin(_): Admin, request: Request) -> HandlerResult {
    request.no_query()?;
    let policy = state.api.queries.policy().await?;
    Ok(HttpResponse::Ok().json(PolicyBody::from(policy)))
}

/// Replace the booking policy
///
/// Replaces the whole policy. It applies to new bookings; existing bookings keep their terms.
#[utoipa::path(
    put, path = "/api/admin/policy", operation_id = "replaceBookingPolicy",
    request_body = PolicyBody,
    responses((status = 200, description = "The updated booking policy", body = PolicyBody))
)]
pub(crate) async fn set(state: Data<State>, Admin(caller): Admin, request: Request) -> HandlerResult {
    let metadata = request.metadata();
    let NewPolicy { policy, version } = request.body().await?;
    let command = SetPolicyCommand { admin: caller.user.id, policy, version, metadata };
    let policy = state.api.use_cases.calendar.set_policy(command).await?;
    Ok(HttpResponse::Ok().json(PolicyBody::from(policy)))
}
