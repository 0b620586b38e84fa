//! The rules for booking, moving and cancelling.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::practice::SetPolicyCommand;
use attune_domain::calendar::RuleSettings;
use attune_domain::{ChangeTerms, PracticePolicy};
use attune_http_common::{HandlerResult, Problem};

use super::{TherapistVisit, VERSION, open, receive};
use crate::blocks::Block;
use crate::typed::Typed;
use crate::visit::Section;
use crate::web::Web;

pub(crate) use super::paths::POLICY as PATH;

/// `GET /practice/policy`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    open(&web, &http, async |visit| page(visit, Typed::default()).await).await
}

/// `POST /practice/policy`
pub(crate) async fn change(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    receive(&web, &http, payload, PATH, async |visit, mut typed| {
        let typed = match save(visit, &mut typed).await {
            Ok(true) => return visit.done(PATH),
            Ok(false) => typed,
            Err(problem) => typed.refused(visit.view(), problem)?,
        };
        page(visit, typed).await
    })
    .await
}

/// Reads a period such as `24` or `1:30`, in hours and minutes, as minutes.
fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "0"));
    let (hours, minutes): (u32, u32) = (hours.trim().parse().ok()?, minutes.trim().parse().ok()?);
    (minutes < 60).then_some(hours.checked_mul(60)?.checked_add(minutes)?)
}

/// What [`minutes`] reads.
fn hours(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (hours, 0) => hours.to_string(),
        (hours, rest) => format!("{hours}:{rest:02}"),
    }
}

/// A period in words: hours, or minutes where these are not whole.
pub(super) fn period(visit: &TherapistVisit<'_>, minutes: u32) -> String {
    if minutes > 0 && minutes.is_multiple_of(60) {
        visit.view().text_with("hours-count", &[("count", (minutes / 60).into())])
    } else {
        visit.view().phrases.minutes(minutes)
    }
}

/// Whether it was saved; not if something that was typed is wrong.
async fn save(visit: &TherapistVisit<'_>, typed: &mut Typed) -> Result<bool, Problem> {
    let view = visit.view();
    let mut number = |name: &str, read: fn(&str) -> Option<u32>| typed.read(view, name, "field-number-invalid", read);
    let whole: fn(&str) -> Option<u32> = |text| text.parse().ok();
    let notice = number("notice", minutes);
    let horizon = number("horizon", whole);
    let step = number("step", whole);
    let free = number("free", minutes);
    let grace = number("grace", whole);
    let percent = number("percent", whole);
    let reschedule = number("reschedule", minutes);
    let limit = typed.read_optional(view, "limit", "field-number-invalid", whole);
    let (Some(notice_minutes), Some(horizon_days), Some(step_minutes)) = (notice, horizon, step) else {
        return Ok(false);
    };
    let (Some(free_minutes), Some(grace_minutes), Some(percent)) = (free, grace, percent) else { return Ok(false) };
    let (Some(reschedule_minutes), Some(daily_limit)) = (reschedule, limit) else { return Ok(false) };
    let Ok(late_refund_percent) = u8::try_from(percent) else {
        typed.wrong("percent", view.text("field-number-invalid"));
        return Ok(false);
    };
    let command = SetPolicyCommand {
        admin: visit.caller.user.id,
        policy: PracticePolicy {
            rules: RuleSettings { notice_minutes, horizon_days, daily_limit, step_minutes },
            terms: ChangeTerms { free_minutes, grace_minutes, late_refund_percent, reschedule_minutes },
            auto_complete: typed.has("auto_complete"),
        },
        version: typed.get(VERSION).parse().ok(),
        metadata: visit.metadata(),
    };
    visit.web.use_cases.calendar.set_policy(command).await?;
    Ok(true)
}

async fn page(visit: &TherapistVisit<'_>, typed: Typed) -> HandlerResult {
    let view = visit.view();
    let stored = visit.web.queries.policy().await?;
    let PracticePolicy { rules, terms, auto_complete } = stored.value;
    let text = |name: &str, label: &str, value: String| typed.input(view, name, "text", label, &value);
    let period =
        |name: &str, label: &str, minutes| text(name, label, hours(minutes)).hint(view.text("policy-hours-hint"));
    let limit = rules.daily_limit.map(|limit| limit.to_string()).unwrap_or_default();
    let fields = vec![
        period("notice", "policy-notice", rules.notice_minutes),
        text("horizon", "policy-horizon", rules.horizon_days.to_string()),
        text("limit", "policy-limit", limit).hint(view.text("policy-limit-hint")).optional(),
        text("step", "policy-step", rules.step_minutes.to_string()).hint(view.text("policy-step-hint")),
        period("free", "policy-free", terms.free_minutes),
        text("percent", "policy-percent", terms.late_refund_percent.to_string()).hint(view.text("policy-percent-hint")),
        text("grace", "policy-grace", terms.grace_minutes.to_string()).hint(view.text("policy-grace-hint")),
        period("reschedule", "policy-reschedule", terms.reschedule_minutes),
        typed.check(view, "auto_complete", "policy-auto-complete", auto_complete),
    ];
    let form = visit.form(PATH, fields, "policy", "save").versioned(stored.version);
    let blocks = vec![Block::Text(visit.text("policy-sentence")), Block::Form(form)];
    let back = visit.link(super::paths::PRACTICE, "tab-practice");
    visit.respond(visit.text("policy-title"), Section::Practice, Some(back), &typed, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_as_they_are_shown() {
        for (text, expected) in [
            ("24", Some(1440)),
            ("1:30", Some(90)),
            ("0", Some(0)),
            ("0:05", Some(5)),
            ("1:60", None),
            ("a", None),
            ("-1", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
            assert_eq!(expected.map(hours).as_deref(), expected.map(|_| text), "{text}");
        }
        assert_eq!(minutes("99999999999"), None);
    }
}
