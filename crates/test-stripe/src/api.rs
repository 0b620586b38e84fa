//! The endpoints, as Stripe documents them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::Checkout;
use crate::http::{Request, Response};
use crate::state::{Behaviour, State, StoredResponse};

/// A request that Stripe rejects.
struct Rejection {
    status: u16,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    /// Stripe stores a response only for a request whose execution had begun.
    begun: bool,
}

impl Rejection {
    fn invalid(code: &'static str, param: &str) -> Self {
        let message = format!("Invalid parameter: {param}");
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

/// The response to a request that is refused before it is read.
pub(crate) fn refusal(status: u16, advice: Option<bool>) -> Response {
    let body = match status {
        409 => error(
            "invalid_request_error",
            Some("idempotency_key_in_use"),
            None,
            "Another request with this key is being processed.",
        ),
        429 => error("invalid_request_error", Some("rate_limit"), None, "Too many requests."),
        _ => error("api_error", None, None, "Sorry."),
    };
    let mut headers: Vec<_> = advice.map(|retry| ("Stripe-Should-Retry", retry.to_string())).into_iter().collect();
    if (300..400).contains(&status) {
        headers.push(("Location", "/v1/moved".to_owned()));
    }
    Response { status, headers, body }
}

pub(crate) fn respond(state: &mut State, request: &Request, behaviour: Behaviour) -> Response {
    state.responses += 1;
    let mut headers = vec![("Request-Id", format!("req_{:012}", state.responses))];
    let plain = |headers, status, body| Response { status, headers, body };
    if request.header("authorization") != Some(&format!("Bearer {}", state.secret_key)) {
        let body = error("invalid_request_error", None, None, "Invalid API Key provided: sk_test_****");
        return plain(headers, 401, body);
    }
    let key = request.header("idempotency-key").filter(|_| request.method == "POST").map(str::to_owned);
    let form: BTreeMap<String, String> = request.form.iter().cloned().collect();
    if let Some(stored) = key.as_ref().and_then(|key| state.stored.get(key)) {
        if stored.path != request.path || stored.form != form {
            let message = "Keys for idempotent requests can only be used with the same parameters.";
            return plain(headers, 400, error("idempotency_error", None, None, message));
        }
        headers.push(("Idempotent-Replayed", "true".to_owned()));
        return plain(headers, stored.status, stored.body.clone());
    }
    let (mut status, mut body, begun) = match route(state, request, &form) {
        Ok(body) => (200, body, true),
        Err(rejection) => (rejection.status, rejection.body(), rejection.begun),
    };
    if let Behaviour::FailAfterwards(code) = behaviour {
        (status, body) = (code, error("api_error", None, None, "Sorry."));
        // A retry would get the stored response.
        headers.push(("Stripe-Should-Retry", "false".to_owned()));
    }
    if let Some(key) = key.filter(|_| begun) {
        state.stored.insert(key, StoredResponse { path: request.path.clone(), form, status, body: body.clone() });
    }
    plain(headers, status, body)
}

fn route(state: &mut State, request: &Request, form: &BTreeMap<String, String>) -> Result<Value, Rejection> {
    let path: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let has_query = |name: &str, value: &str| request.query.iter().any(|(n, v)| n == name && v == value);
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "checkout", "sessions"]) => create_checkout(state, form),
        ("GET", ["v1", "checkout", "sessions", id]) => {
            let checkout = state.account.checkout(id).ok_or_else(|| Rejection::missing("checkout.session", id))?;
            Ok(checkout.shown(has_query("expand[]", "payment_intent")))
        }
        ("POST", ["v1", "checkout", "sessions", id, "expire"]) => {
            let checkout = state.account.checkout(id).ok_or_else(|| Rejection::missing("checkout.session", id))?;
            if !checkout.is("open") {
                return Err(Rejection::begun(
                    None,
                    "Only Checkout Sessions with a status in [\"open\"] can be expired.",
                ));
            }
            state.account.expire(id);
            let checkout = state.account.checkout(id).ok_or_else(|| Rejection::missing("checkout.session", id))?;
            Ok(checkout.shown(false))
        }
        ("POST", ["v1", "refunds"]) => create_refund(state, form),
        ("GET", ["v1", "refunds"]) => list(state, request),
        ("GET", ["v1", "refunds", id]) => {
            state.account.refund(id).cloned().ok_or_else(|| Rejection::missing("refund", id))
        }
        _ => Err(Rejection { code: None, ..Rejection::missing("path", &request.path) }),
    }
}

/// The parameters of a new checkout besides metadata. Stripe has more; they are added when Attune uses them.
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

fn create_checkout(state: &mut State, form: &BTreeMap<String, String>) -> Result<Value, Rejection> {
    for name in form.keys() {
        let is_metadata = name.starts_with("metadata[") || name.starts_with("payment_intent_data[metadata][");
        if !is_metadata && !SESSION_FIELDS.contains(&name.as_str()) {
            return Err(Rejection::invalid("parameter_unknown", name));
        }
    }
    if required(form, "mode")? != "payment" {
        return Err(Rejection::invalid("parameter_invalid", "mode"));
    }
    let currency = required(form, "line_items[0][price_data][currency]")?;
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(Rejection::invalid("parameter_invalid", "line_items[0][price_data][currency]"));
    }
    required(form, "line_items[0][price_data][product_data][name]")?;
    let amount = number(form, "line_items[0][price_data][unit_amount]")? * number(form, "line_items[0][quantity]")?;
    // Stripe requires the last digits of these currencies to be zero.
    let step = match currency {
        "isk" | "ugx" => 100,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 10,
        _ => 1,
    };
    if amount < 1 || amount % step != 0 {
        return Err(Rejection::invalid("parameter_invalid_integer", "line_items[0][price_data][unit_amount]"));
    }
    let success_url = required(form, "success_url")?;
    let now = state.account.now.as_second();
    let day = 24 * 60 * 60;
    let expires_at = if form.contains_key("expires_at") { number(form, "expires_at")? } else { now + day };
    if !(now + 30 * 60..=now + day).contains(&expires_at) {
        return Err(Rejection::invalid("parameter_invalid", "expires_at"));
    }
    let id = state.account.new_checkout_id();
    let object = json!({
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": { "enabled": form.get("adaptive_pricing[enabled]").is_some_and(|text| text == "true") },
        "amount_subtotal": amount,
        "amount_total": amount + state.account.tax,
        "cancel_url": form.get("cancel_url"),
        "client_reference_id": form.get("client_reference_id"),
        "created": now,
        "currency": currency,
        "customer": null,
        "customer_details": null,
        "customer_email": null,
        "expires_at": expires_at,
        "livemode": state.account.live,
        "metadata": metadata(form),
        "mode": "payment",
        "payment_intent": null,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": success_url,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": state.account.tax },
        "ui_mode": "hosted_page",
        "url": format!("https://checkout.stripe.test/c/pay/{id}#{id}"),
    });
    state.account.checkouts.push(Checkout { object: object.clone(), intent: None });
    Ok(object)
}

fn create_refund(state: &mut State, form: &BTreeMap<String, String>) -> Result<Value, Rejection> {
    for name in form.keys() {
        if !name.starts_with("metadata[") && !["payment_intent", "amount", "reason"].contains(&name.as_str()) {
            return Err(Rejection::invalid("parameter_unknown", name));
        }
    }
    let intent = required(form, "payment_intent")?;
    let paid = state.account.paid_by(intent).ok_or_else(|| Rejection::missing("payment_intent", intent))?;
    let (total, currency) = (paid.object["amount_total"].as_i64().unwrap_or(0), paid.object["currency"].clone());
    let left = total - state.account.refunded(intent);
    if left == 0 {
        return Err(Rejection::begun(Some("charge_already_refunded"), "The charge has already been refunded."));
    }
    let amount = if form.contains_key("amount") { number(form, "amount")? } else { left };
    if !(1..=left).contains(&amount) {
        return Err(Rejection::begun(None, "Refund amount is greater than unrefunded amount on charge."));
    }
    let refund = json!({
        "id": state.account.new_id("re_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": null,
        "charge": "ch_000000000000",
        "created": state.account.now.as_second(),
        "currency": currency,
        "metadata": metadata(form),
        "payment_intent": intent,
        "reason": form.get("reason"),
        "status": if state.account.slow_refunds { "pending" } else { "succeeded" },
    });
    state.account.refunds.push(refund.clone());
    state.account.add_event("refund.created", refund.clone());
    Ok(refund)
}

/// A refund from Stripe's dashboard, which has none of our metadata.
pub(crate) fn refund_in_dashboard(state: &mut State, intent: &str, minor: i64) -> Option<String> {
    let form = [("payment_intent", intent.to_owned()), ("amount", minor.to_string())];
    let refund = create_refund(state, &form.map(|(name, value)| (name.to_owned(), value)).into()).ok()?;
    refund["id"].as_str().map(str::to_owned)
}

/// Newest first, like all of Stripe's lists.
fn list(state: &State, request: &Request) -> Result<Value, Rejection> {
    let query = |name: &str| request.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let limit = query("limit").map_or(Some(10), |text| text.parse::<usize>().ok()).filter(|n| (1..=100).contains(n));
    let limit = limit.ok_or_else(|| Rejection::invalid("parameter_invalid_integer", "limit"))?;
    let matches = |refund: &&Value| query("payment_intent").is_none_or(|intent| refund["payment_intent"] == intent);
    let all: Vec<&Value> = state.account.refunds.iter().rev().filter(matches).collect();
    let shown = &all[..limit.min(all.len())];
    Ok(json!({ "object": "list", "data": shown, "has_more": all.len() > limit, "url": "/v1/refunds" }))
}

fn required<'a>(form: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Rejection> {
    match form.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) => Err(Rejection::invalid("parameter_invalid_empty", name)),
        None => Err(Rejection::invalid("parameter_missing", name)),
    }
}

fn number(form: &BTreeMap<String, String>, name: &str) -> Result<i64, Rejection> {
    required(form, name)?.parse().map_err(|_| Rejection::invalid("parameter_invalid_integer", name))
}

fn metadata(form: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    form.iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value.as_str())))
        .collect()
}
