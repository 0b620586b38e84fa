//! What each endpoint answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::books::SessionEntry;
use crate::fake::{Behaviour, State};
use crate::wire::{Answer, Received};

/// What was answered to a request under an idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    path: String,
    form: BTreeMap<String, String>,
    status: u16,
    body: Value,
}

/// Why a request is not done.
struct Refusal {
    status: u16,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    /// Whether the work had begun, so that the answer is kept under the idempotency key.
    begun: bool,
}

impl Refusal {
    fn invalid(code: &'static str, param: &str) -> Self {
        let message = format!("Not as it should be: {param}");
        Self { status: 400, code: Some(code), param: Some(param.to_owned()), message, begun: false }
    }

    fn missing(what: &str, id: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        Self { status: 404, code: Some("resource_missing"), param: Some("id".to_owned()), message, begun: false }
    }

    fn begun(code: Option<&'static str>, message: &str) -> Self {
        Self { status: 400, code, param: None, message: message.to_owned(), begun: true }
    }

    fn body(&self) -> Value {
        error("invalid_request_error", self.code, self.param.as_deref(), &self.message)
    }
}

fn error(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> Value {
    let mut error = json!({ "type": kind, "message": message });
    for (name, value) in [("code", code), ("param", param)] {
        if let Some(value) = value {
            error[name] = json!(value);
        }
    }
    json!({ "error": error })
}

/// A refusal at the door, before anybody looked at the request.
pub(crate) fn refusal(status: u16, advice: Option<bool>) -> Answer {
    let body = match status {
        409 => error("invalid_request_error", Some("idempotency_key_in_use"), None, "Another request is under way."),
        429 => error("invalid_request_error", Some("rate_limit"), None, "Too many requests."),
        _ => error("api_error", None, None, "Sorry."),
    };
    let mut headers: Vec<_> = advice.map(|retry| ("Stripe-Should-Retry", retry.to_string())).into_iter().collect();
    if (300..400).contains(&status) {
        headers.push(("Location", "/v1/elsewhere".to_owned()));
    }
    Answer { status, headers, body }
}

/// Does what is asked, and says so; or does it and says something else.
pub(crate) fn answer(state: &mut State, request: &Received, behaviour: Behaviour) -> Answer {
    state.answered += 1;
    let mut headers = vec![("Request-Id", format!("req_{:012}", state.answered))];
    let plain = |headers, status, body| Answer { status, headers, body };
    if request.header("authorization") != Some(&format!("Bearer {}", state.secret_key)) {
        let body = error("invalid_request_error", None, None, "Invalid API Key provided: sk_test_****");
        return plain(headers, 401, body);
    }
    let key = request.header("idempotency-key").filter(|_| request.method == "POST").map(str::to_owned);
    let form: BTreeMap<String, String> = request.form.iter().cloned().collect();
    if let Some(kept) = key.as_ref().and_then(|key| state.kept.get(key)) {
        if kept.path != request.path || kept.form != form {
            let message = "Keys for idempotent requests can only be used with the same parameters.";
            return plain(headers, 400, error("idempotency_error", None, None, message));
        }
        headers.push(("Idempotent-Replayed", "true".to_owned()));
        return plain(headers, kept.status, kept.body.clone());
    }
    let (mut status, mut body, begun) = match route(state, request, &form) {
        Ok(body) => (200, body, true),
        Err(refusal) => (refusal.status, refusal.body(), refusal.begun),
    };
    if let Behaviour::Spoil(code) = behaviour {
        (status, body) = (code, error("api_error", None, None, "Sorry."));
        // What is kept does not get better.
        headers.push(("Stripe-Should-Retry", "false".to_owned()));
    }
    if let Some(key) = key.filter(|_| begun) {
        state.kept.insert(key, Kept { path: request.path.clone(), form, status, body: body.clone() });
    }
    plain(headers, status, body)
}

fn route(state: &mut State, request: &Received, form: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let asked = |name: &str, value: &str| request.query.iter().any(|(n, v)| n == name && v == value);
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "checkout", "sessions"]) => open(state, form),
        ("GET", ["v1", "checkout", "sessions", id]) => {
            let entry = state.books.session(id).ok_or_else(|| Refusal::missing("checkout.session", id))?;
            Ok(entry.shown(asked("expand[]", "payment_intent")))
        }
        ("POST", ["v1", "checkout", "sessions", id, "expire"]) => {
            let entry = state.books.session(id).ok_or_else(|| Refusal::missing("checkout.session", id))?;
            if !entry.is("open") {
                return Err(Refusal::begun(None, "Only Checkout Sessions with a status in [\"open\"] can be expired."));
            }
            state.books.expire(id);
            let entry = state.books.session(id).ok_or_else(|| Refusal::missing("checkout.session", id))?;
            Ok(entry.shown(false))
        }
        ("POST", ["v1", "refunds"]) => give_back(state, form),
        ("GET", ["v1", "refunds"]) => list(state, request),
        ("GET", ["v1", "refunds", id]) => state.books.refund(id).cloned().ok_or_else(|| Refusal::missing("refund", id)),
        _ => Err(Refusal { code: None, ..Refusal::missing("path", &request.path) }),
    }
}

/// Parameters of a new session that are known, besides metadata. Stripe has many more; they are added when they are used.
const SESSION_FIELDS: &[&str] = &[
    "mode",
    "client_reference_id",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
    "adaptive_pricing[enabled]",
    "success_url",
    "cancel_url",
    "expires_at",
];

fn open(state: &mut State, form: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    for name in form.keys() {
        let noted = name.starts_with("metadata[") || name.starts_with("payment_intent_data[metadata][");
        if !noted && !SESSION_FIELDS.contains(&name.as_str()) {
            return Err(Refusal::invalid("parameter_unknown", name));
        }
    }
    if need(form, "mode")? != "payment" {
        return Err(Refusal::invalid("parameter_invalid", "mode"));
    }
    let currency = need(form, "line_items[0][price_data][currency]")?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(Refusal::invalid("parameter_invalid", "line_items[0][price_data][currency]"));
    }
    need(form, "line_items[0][price_data][product_data][name]")?;
    let amount = number(form, "line_items[0][price_data][unit_amount]")? * number(form, "line_items[0][quantity]")?;
    // The last digits of these have to be zero.
    let step = match currency {
        "isk" | "ugx" => 100,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 10,
        _ => 1,
    };
    if amount < 1 || amount % step != 0 {
        return Err(Refusal::invalid("parameter_invalid_integer", "line_items[0][price_data][unit_amount]"));
    }
    let success_url = need(form, "success_url")?;
    let now = state.books.now.as_second();
    let day = 24 * 60 * 60;
    let expires_at = if form.contains_key("expires_at") { number(form, "expires_at")? } else { now + day };
    if !(now + 30 * 60..=now + day).contains(&expires_at) {
        return Err(Refusal::invalid("parameter_invalid", "expires_at"));
    }
    let id = state.books.session_name();
    let object = json!({
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": { "enabled": form.get("adaptive_pricing[enabled]").is_some_and(|text| text == "true") },
        "amount_subtotal": amount,
        "amount_total": amount + state.books.tax,
        "cancel_url": form.get("cancel_url"),
        "client_reference_id": form.get("client_reference_id"),
        "created": now,
        "currency": currency,
        "customer": null,
        "customer_details": null,
        "customer_email": null,
        "expires_at": expires_at,
        "livemode": state.books.live,
        "metadata": metadata(form),
        "mode": "payment",
        "payment_intent": null,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": state.books.tax },
        "ui_mode": "hosted_page",
        "url": format!("https://checkout.stripe.test/c/pay/{id}#{id}"),
    });
    state.books.sessions.push(SessionEntry { object: object.clone(), intent: None });
    Ok(object)
}

fn give_back(state: &mut State, form: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    for name in form.keys() {
        if !name.starts_with("metadata[") && !["payment_intent", "amount", "reason"].contains(&name.as_str()) {
            return Err(Refusal::invalid("parameter_unknown", name));
        }
    }
    let intent = need(form, "payment_intent")?;
    let paid = state.books.paid_by(intent).ok_or_else(|| Refusal::missing("payment_intent", intent))?;
    let (total, currency) = (paid.object["amount_total"].as_i64().unwrap_or(0), paid.object["currency"].clone());
    let left = total - state.books.given_back(intent);
    if left == 0 {
        return Err(Refusal::begun(Some("charge_already_refunded"), "The charge has already been refunded."));
    }
    let amount = if form.contains_key("amount") { number(form, "amount")? } else { left };
    if !(1..=left).contains(&amount) {
        return Err(Refusal::begun(None, "Refund amount is greater than unrefunded amount on charge."));
    }
    let refund = json!({
        "id": state.books.name("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": "ch_000000000000",
        "created": state.books.now.as_second(),
        "currency": currency,
        "metadata": metadata(form),
        "payment_intent": intent,
        "reason": form.get("reason"),
        "status": if state.books.slow_refunds { "pending" } else { "succeeded" },
    });
    state.books.refunds.push(refund.clone());
    state.books.tell("refund.created", refund.clone());
    Ok(refund)
}

/// Gives money back on Stripe's own pages, where nothing of ours is noted on it.
pub(crate) fn give_back_by_hand(state: &mut State, intent: &str, minor: i64) -> Option<String> {
    let form = [("payment_intent", intent.to_owned()), ("amount", minor.to_string())];
    let refund = give_back(state, &form.map(|(name, value)| (name.to_owned(), value)).into()).ok()?;
    refund["id"].as_str().map(str::to_owned)
}

/// Newest first, as all of Stripe's lists.
fn list(state: &State, request: &Received) -> Result<Value, Refusal> {
    let asked = |name: &str| request.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let limit = asked("limit").map_or(Some(10), |text| text.parse::<usize>().ok()).filter(|n| (1..=100).contains(n));
    let limit = limit.ok_or_else(|| Refusal::invalid("parameter_invalid_integer", "limit"))?;
    let fits = |refund: &&Value| asked("payment_intent").is_none_or(|intent| refund["payment_intent"] == intent);
    let all: Vec<&Value> = state.books.refunds.iter().rev().filter(fits).collect();
    let shown = &all[..limit.min(all.len())];
    Ok(json!({ "object": "list", "data": shown, "has_more": all.len() > limit, "url": "/v1/refunds" }))
}

fn need<'a>(form: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Refusal> {
    match form.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) => Err(Refusal::invalid("parameter_invalid_empty", name)),
        None => Err(Refusal::invalid("parameter_missing", name)),
    }
}

fn number(form: &BTreeMap<String, String>, name: &str) -> Result<i64, Refusal> {
    need(form, name)?.parse().map_err(|_| Refusal::invalid("parameter_invalid_integer", name))
}

fn metadata(form: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    form.iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value.as_str())))
        .collect()
}
