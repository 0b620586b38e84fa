//! The OpenAPI document, generated from the handlers and the table of problems.

mod ids;
mod problems;

use attune_http_common::{Code, FieldErrorBody, ProblemBody};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    HeaderBuilder, ObjectBuilder, OpenApi as Document, RefOr, Required, Type,
    path::{Operation, ParameterBuilder, ParameterIn},
};
use utoipa::{Modify, OpenApi};

use crate::admin;
use crate::client::{
    accounts, bookings, calendar_feed, calendar_file, changes, login_sessions, mailed_links, me, meetings, payments,
    second_factor,
};
use crate::public::{self, availability, documentation, health, services, therapists};
use crate::request::idempotency;
use crate::routes::ADMIN;
use crate::webhooks::{jitsi, stripe};
use ids::ids_in;
use problems::{IDEMPOTENT, OPTIONAL_BODY, add_problems, example};

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
        mailed_links::forgot_password, mailed_links::reset_password, mailed_links::accept_invitation,
        mailed_links::request_login_link, mailed_links::redeem_login_link, mailed_links::verify_email,
        mailed_links::resend_verification, mailed_links::change_email, mailed_links::confirm_email,
        mailed_links::undo_email, second_factor::set_up, second_factor::confirm, second_factor::remove,
        second_factor::step_up, me::show, me::update, login_sessions::list, login_sessions::end, login_sessions::end_others,
        calendar_feed::show, calendar_feed::turn_on, calendar_feed::turn_off, public::calendar_feed::read,
        services::list, therapists::list, availability::show, bookings::list, bookings::create, bookings::show,
        changes::reschedule, changes::quote, changes::cancel, calendar_file::show,
        payments::show, payments::open, stripe::receive,
        meetings::link, meetings::recover,
        admin::bookings::list, admin::bookings::create, admin::series::create, admin::bookings::show,
        admin::series::show, admin::series::quote, admin::series::cancel, admin::series::reschedule,
        admin::changes::edit, admin::changes::reschedule, admin::changes::reassign, admin::changes::cancel, admin::changes::complete, admin::changes::no_show,
        admin::changes::reopen, admin::end::end, admin::bookings::record_offline, admin::refunds::refund,
        admin::bookings::revoke_links, admin::participants::invite, admin::participants::revoke,
        admin::users::list, admin::users::add, admin::users::show, admin::users::update,
        admin::users::invite_again, admin::users::withdraw_invitation, admin::users::change_email, admin::attendance::report,
        admin::payment::show, admin::payment::open,
        admin::revenue::report, admin::notifications::list, admin::notifications::retry, admin::notifications::cancel,
        admin::payment_problems::list, admin::payment_problems::resolve,
        admin::services::list, admin::services::add, admin::services::change,
        admin::schedule::show, admin::schedule::set,
        admin::time_off::list, admin::time_off::add, admin::time_off::update, admin::time_off::remove,
        admin::policy::show, admin::policy::set, admin::practice::show, admin::practice::change, admin::practice::replace_logo,
        admin::practice::remove_logo,
        jitsi::reservation::open, jitsi::reservation::show, jitsi::reservation::close,
        jitsi::events::receive, jitsi::jaas::receive, jitsi::branding::show,
    ),
    components(schemas(ProblemBody, FieldErrorBody)),
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

/// The OpenAPI document as indented JSON, the same at every call. `pages` has the operations of the pages.
pub fn openapi_json(pages: Document) -> String {
    to_json(&document(pages))
}

/// The same, without the paths that do not exist because they are not configured. `patterns` are those that do.
pub(crate) fn openapi_of(pages: Document, patterns: &[&str]) -> String {
    let mut document = document(pages);
    document.paths.paths.retain(|path, _| patterns.iter().any(|pattern| documented(pattern) == *path));
    to_json(&document)
}

/// A path as it is documented: without the router's patterns.
pub(crate) fn documented(pattern: &str) -> String {
    pattern.replace("{file:.*}", "{file}")
}

fn document(pages: Document) -> Document {
    let mut document = Description::openapi();
    document.merge(pages);
    Bearer.modify(&mut document);
    Operations.modify(&mut document);
    document
}

fn to_json(document: &Document) -> String {
    // Maps, lists and strings always have a JSON form.
    let mut json = serde_json::to_string_pretty(document).unwrap_or_default();
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

/// Completes the operations with what the handlers do not repeat, and adds the table of problems.
struct Operations;

impl Modify for Operations {
    fn modify(&self, document: &mut Document) {
        for (path, item) in &mut document.paths.paths {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let id = operation.operation_id.clone().unwrap_or_default();
                if path.starts_with(ADMIN) {
                    operation.tags = Some(vec!["Admin".to_owned()]);
                    operation.security = Some(vec![SecurityRequirement::new("bearer", [""; 0])]);
                }
                let ids: Vec<_> = ids_in(path).map(|id| id.parameter().into()).collect();
                if !ids.is_empty() {
                    operation.parameters.get_or_insert_default().splice(0..0, ids);
                }
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
        // These are no responses of an operation, and linters reject examples that no operation refers to.
        let others = [Code::MethodNotAllowed, Code::HeadTooLarge];
        let documented = Code::ALL.iter().filter(|code| !others.contains(code));
        let table = documented.map(|code| (code.as_str().to_owned(), RefOr::T(example(*code))));
        document.components.get_or_insert_default().examples.extend(table);
    }
}

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
