//! The OpenAPI document, generated from the handlers and the table of problems.

use std::collections::BTreeMap;

use attune_domain::BookingId;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi as Document, Ref, RefOr, Required, ResponseBuilder, Type,
    example::{Example, ExampleBuilder},
    path::{Operation, ParameterBuilder, ParameterIn},
};
use utoipa::{Modify, OpenApi};

use crate::admin;
use crate::client::{accounts, bookings, calendar_file, changes, me, meetings, payments};
use crate::public::{availability, checkout_pages, documentation, health, join, services, test_checkout};
use crate::request::idempotency;
use crate::response::problem::{Code, FieldErrorBody, Problem, ProblemBody, declared};
use crate::webhooks::{jitsi, stripe};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Attune",
        description = "Booking and video appointments of a therapy practice.\n\n\
                       Times are RFC 3339 timestamps in UTC, durations are in minutes, and amounts are decimal \
                       numbers with the currency's decimals, such as `100.00`. Authenticate requests with \
                       `Authorization: Bearer <access token>`. Every path that supports `GET` also supports `HEAD`; a \
                       method that a path does not support is answered with 405 and an `Allow` header. Every response \
                       has an `X-Request-Id`: the client's own if it sent a valid one, otherwise a new one.\n\n\
                       Errors are `application/problem+json` (RFC 9457). Match on `code`, which is stable; `title` \
                       and `detail` are for people. When fields are invalid (422), `errors` lists each of them; \
                       `code` is their common code, or `validation_failed` if they differ. Unknown fields and query \
                       parameters are rejected, except by the endpoints for video servers and payment providers, \
                       which follow the formats of their callers.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/")),
    paths(
        health::health, health::live, health::ready,
        documentation::openapi_document, documentation::to_docs, documentation::docs_file,
        accounts::register, accounts::log_in, accounts::refresh, accounts::log_out, accounts::change_password,
        me::show, me::update,
        services::list, availability::show, bookings::list, bookings::create, bookings::show,
        changes::reschedule, changes::quote, changes::cancel, calendar_file::show,
        payments::show, payments::open, stripe::receive,
        meetings::link, meetings::recover, join::show, join::enter,
        admin::bookings::list, admin::bookings::create, admin::series::create, admin::bookings::show,
        admin::changes::reschedule, admin::changes::cancel, admin::changes::complete, admin::changes::no_show,
        admin::changes::reopen, admin::bookings::record_offline, admin::refunds::refund,
        admin::bookings::revoke_links, admin::participants::invite, admin::participants::revoke,
        admin::users::list, admin::users::show, admin::users::update, admin::attendance::report,
        admin::revenue::report, admin::payment_problems::list, admin::payment_problems::resolve,
        admin::services::list, admin::services::add, admin::services::change,
        admin::schedule::show, admin::schedule::set,
        admin::time_off::list, admin::time_off::add, admin::time_off::remove,
        admin::policy::show, admin::policy::set,
        jitsi::reservation::open, jitsi::reservation::show, jitsi::reservation::close,
        jitsi::events::receive, jitsi::jaas::receive, jitsi::branding::show,
        checkout_pages::done, checkout_pages::cancelled,
        test_checkout::show, test_checkout::pay,
    ),
    components(schemas(ProblemBody, FieldErrorBody)),
    modifiers(&Bearer, &Problems),
    tags(
        (name = "Accounts", description = "Registration, login, tokens and the current user"),
        (name = "Bookings", description = "Services, available slots and bookings"),
        (name = "Payments", description = "Checkouts, payments and payment webhooks"),
        (name = "Meetings", description = "Meeting links and join pages"),
        (name = "Admin", description = "Operations for admins (therapists)"),
        (name = "Video server", description = "Conference reservations, room events and branding for Jitsi"),
        (name = "Test checkout", description = "Checkout page of the `test` payment provider"),
        (name = "Health", description = "Probes for orchestrators and load balancers"),
        (name = "Documentation", description = "This API description"),
    ),
)]
struct Description;

/// The OpenAPI document.
pub fn openapi() -> Document {
    Description::openapi()
}

/// The OpenAPI document as indented JSON, the same at every call.
pub fn openapi_json() -> String {
    // Maps, lists and strings always have a JSON form.
    let mut json = serde_json::to_string_pretty(&openapi()).unwrap_or_default();
    json.push('\n');
    json
}

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("Access token from `POST /api/auth/login`."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
        let server = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Secret shared by this service and the practice's own video server."))
            .build();
        components.add_security_scheme("serverSecret", SecurityScheme::Http(server));
    }
}

/// Adds the table of problems, and to each operation the problems that it can respond with.
struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let id = operation.operation_id.clone().unwrap_or_default();
                if let Some(RefOr::T(body)) = operation.request_body.as_mut()
                    && OPTIONAL_BODY.contains(&id.as_str())
                {
                    body.required = Some(Required::False);
                }
                if IDEMPOTENT.contains(&id.as_str()) {
                    add_idempotency_key(operation);
                }
                add_problems(path, operation);
                // Without a list of its own, tools would take the authentication of a public operation for
                // undocumented.
                operation.security.get_or_insert_default();
            }
        }
        // No operation can respond with 405, and linters reject examples that no operation refers to.
        let documented = Code::ALL.iter().filter(|code| **code != Code::MethodNotAllowed);
        let table = documented.map(|code| (code.as_str().to_owned(), RefOr::T(example(*code))));
        document.components.get_or_insert_default().examples.extend(table);
    }
}

/// Operations whose fields are all optional, and therefore the body as well.
const OPTIONAL_BODY: &[&str] =
    &["logOut", "cancelBooking", "cancelAnyBooking", "completeBooking", "markNoShow", "reopenBooking", "refundPayment"];

/// Operations that accept an idempotency key.
const IDEMPOTENT: &[&str] = &[
    "createBooking",
    "rescheduleBooking",
    "cancelBooking",
    "createBookingForClient",
    "rescheduleAnyBooking",
    "cancelAnyBooking",
    "recordOfflinePayment",
    "refundPayment",
];

/// Documents the headers of idempotent requests and their responses.
fn add_idempotency_key(operation: &mut Operation) {
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(idempotency::MAX_KEY_LENGTH))
        .pattern(Some("^[!-~]+$"))
        .build();
    let parameter = ParameterBuilder::new()
        .name(idempotency::KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Unique key of this request, chosen by the client. For one day, a retry with the same key has no further \
             effect and receives the stored response.",
        ))
        .schema(Some(name))
        .example(Some("6f1c2a7e-8b0d-4d53-9a3e-2f7b5c1d0e94".into()))
        .build();
    operation.parameters.get_or_insert_default().push(parameter.into());
    let replayed = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .description(Some("`true` if the response is the stored one of an earlier request"))
        .build();
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        response.headers.insert(idempotency::REPLAYED.to_owned(), replayed.clone().into());
    }
}

/// All problems of an operation.
fn problems_of(path: &str, operation: &mut Operation) -> Vec<Code> {
    use Code as C;
    let id = operation.operation_id.clone().unwrap_or_default();
    let mut codes = declared(&mut operation.responses);
    // Requests in formats of other programs are read differently.
    if id == "receiveStripeWebhook" || operation.tags.iter().flatten().any(|tag| tag == "Video server") {
        if operation.request_body.is_some() {
            codes.extend([C::BadRequest, C::RequestTimeout, C::PayloadTooLarge]);
        }
        if id != "getBranding" {
            codes.extend([C::Overloaded, C::Internal, C::Unavailable, C::TimedOut]);
        }
    } else {
        codes.extend(common_problems(path, operation));
    }
    codes.sort_by_key(|code| Code::ALL.iter().position(|c| c == code));
    codes.dedup();
    codes
}

/// The problems that all operations of the same kind have in common.
fn common_problems(path: &str, operation: &Operation) -> Vec<Code> {
    use Code as C;
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let mut codes = Vec::new();
    if path.starts_with("/api/") {
        codes.extend([C::NotAcceptable, C::UnknownField]);
    }
    if operation.security.is_some() {
        codes.extend([C::Unauthenticated, C::InvalidToken, C::TokenExpired, C::TooManyRequests, C::Overloaded]);
    }
    if path.starts_with("/api/admin/") {
        codes.push(C::Forbidden);
    }
    if ["/users/{id}", "/services/{id}", "/time-off/{id}", "/problems/{id}"].iter().any(|below| path.contains(below)) {
        codes.push(C::InvalidId);
    } else if path.contains("/{id}") {
        codes.push(C::InvalidBookingId);
    }
    if operation.parameters.iter().flatten().any(|p| matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Query)) {
        codes.extend([C::ValidationFailed, C::DuplicateField, C::WrongType, C::OutOfRange, C::InvalidCharacters]);
    }
    if IDEMPOTENT.contains(&id) {
        codes.extend([C::IdempotencyKeyReused, C::DuplicateField, C::OutOfRange, C::InvalidCharacters]);
    }
    if path.contains("/{participant_id}") {
        codes.push(C::InvalidId);
    }
    // These accept an empty body as well.
    if operation.request_body.is_some() || matches!(id, "openCheckout" | "revokeJoinLinks" | "resolvePaymentProblem") {
        codes.extend([
            C::BadRequest,
            C::MalformedJson,
            C::RequestTimeout,
            C::PayloadTooLarge,
            C::UnsupportedMediaType,
            C::ValidationFailed,
            C::DuplicateField,
            C::WrongType,
            C::InvalidCharacters,
        ]);
    }
    if operation.request_body.is_some() && !OPTIONAL_BODY.contains(&id) {
        codes.push(C::Required);
    }
    // The liveness endpoints depend on nothing that could fail.
    if !matches!(id, "getHealth" | "getLiveness") {
        codes.extend([C::Internal, C::Unavailable, C::TimedOut]);
    }
    codes
}

fn add_problems(path: &str, operation: &mut Operation) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in problems_of(path, operation) {
        by_status.entry(code.row().status).or_default().push(code);
    }
    for (status, codes) in by_status {
        let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .examples_from_iter(codes.iter().map(|code| {
                let name = code.as_str();
                (name, RefOr::<Example>::Ref(Ref::new(format!("#/components/examples/{name}"))))
            }))
            .build();
        let fresh = ResponseBuilder::new().description(names.join(", ")).build();
        let responses = &mut operation.responses.responses;
        let response = responses.entry(status.to_string()).or_insert_with(|| RefOr::T(fresh));
        let RefOr::T(response) = response else { continue };
        response.content.insert("application/problem+json".into(), content.into());
        for (name, description) in headers(status) {
            let kind = if *name == "Retry-After" { Type::Integer } else { Type::String };
            let header = HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(kind)))
                .description(Some(*description))
                .build();
            response.headers.insert((*name).to_owned(), header.into());
        }
    }
}

fn headers(status: u16) -> &'static [(&'static str, &'static str)] {
    match status {
        401 => &[("WWW-Authenticate", "`Bearer`, with `error=\"invalid_token\"` if the request had a token")],
        429 | 503 => &[("Retry-After", "Seconds to wait before retrying")],
        _ => &[],
    }
}

fn example(code: Code) -> Example {
    let booking = BookingId::new(42).filter(|_| code == Code::HoldExists);
    let problem = Problem { booking, ..code.into() };
    let value = serde_json::to_value(problem.body("3f2b8c0e9a4d4f6c8e1a2b3c4d5e6f70")).ok();
    ExampleBuilder::new().summary(code.row().title).value(value).build()
}
