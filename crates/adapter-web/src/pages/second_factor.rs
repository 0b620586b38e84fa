//! The page on which a user sets up or removes their second factor. An account that needs one sees nothing else before.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use askama::Template;
use attune_application::accounts::Proof;
use attune_http_common::{Code, HandlerResult, Problem};
use attune_ports::{Caller, Password, TotpSetup};
use url::Url;

use super::account::changes::{PASSWORD_LINK, Received, guess_error, receive_for_setup, step_up};
use super::account::{self, account_form, has_password};
use crate::blocks::FormBlock;
use crate::fields::Field;
use crate::shell::{Link, Shell};
use crate::visit::{Section, Visit, back_to};
use crate::web::Web;

pub(crate) const PATH: &str = "/account/second-factor";
pub(crate) const CONFIRM: &str = "/account/second-factor/confirm";
pub(crate) const REMOVE: &str = "/account/second-factor/remove";

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactor {
    shell: Shell,
    sentences: Vec<String>,
    form: FormBlock,
    link: Option<Link>,
}

/// A QR code, as the values of its SVG elements.
struct QrCode {
    label: String,
    view_box: String,
    path: String,
}

/// What the authenticator app needs to know.
struct Secret {
    qr_code: Option<QrCode>,
    open: Link,
    label: String,
    groups: String,
}

#[derive(Template)]
#[template(path = "second_factor_code.html")]
struct EnterCode {
    shell: Shell,
    sentences: Vec<String>,
    secret: Option<Secret>,
    form: FormBlock,
    again: Link,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryCodes {
    shell: Shell,
    done: String,
    sentences: Vec<String>,
    codes: Vec<String>,
    copy: String,
    copied: String,
    link: Link,
}

/// `GET /account/second-factor`
pub(crate) async fn show(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    let visit = web.visit(&http).await?;
    let Some(caller) = visit.caller.clone() else { return visit.log_in_first(PATH) };
    page(&web, &visit, &caller, None).await
}

/// `GET` of the path of a form, as of those of the account.
pub(crate) async fn back(web: Data<Web>, http: HttpRequest) -> HandlerResult {
    back_to(PATH, &web, &http).await
}

/// `POST /account/second-factor`: the secret is shown in the response alone, because it cannot be read again.
pub(crate) async fn set_up(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive_for_setup(&web, &http, payload, PATH).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let typed = Password::new(form.take("password"));
    let password = if has_password(&web, &caller.user).await? { Some(&typed) } else { None };
    match web.use_cases.second_factor.set_up(&caller, password, &visit.view.practice).await {
        Ok(setup) => enter_code(&web, &visit, &caller, Some(&setup), None),
        Err(error) => refuse(&web, &visit, &caller, &Problem::from(error)).await,
    }
}

/// `POST /account/second-factor/confirm`: the recovery codes are shown in the response alone.
pub(crate) async fn confirm(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive_for_setup(&web, &http, payload, CONFIRM).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let metadata = web.settings.requests.metadata(&http);
    match web.use_cases.second_factor.confirm(&caller, &form.take("code"), &metadata).await {
        Ok(codes) => recovery_codes(&visit, codes),
        Err(error) => {
            let problem = Problem::from(error);
            match guess_error(&problem) {
                Some(message) => enter_code(&web, &visit, &caller, None, Some(message)),
                None => refuse(&web, &visit, &caller, &problem).await,
            }
        }
    }
}

/// `POST /account/second-factor/remove`
pub(crate) async fn remove(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    let Received { visit, caller, mut form } = match receive_for_setup(&web, &http, payload, REMOVE).await? {
        Ok(received) => received,
        Err(response) => return Ok(response),
    };
    let proof = if has_password(&web, &caller.user).await? {
        Proof::Password(Password::new(form.take("password")))
    } else {
        Proof::Code(form.take("code"))
    };
    let stepped_up = match step_up(&web, &http, &caller, &proof).await {
        Ok(caller) => caller,
        Err(problem) => return refuse(&web, &visit, &caller, &problem).await,
    };
    let metadata = web.settings.requests.metadata(&http);
    match web.use_cases.second_factor.remove(&stepped_up, &metadata).await {
        Ok(()) => visit.redirect("/account?saved=second-factor"),
        Err(error) => visit.refuse(&Problem::from(error)),
    }
}

/// A wrong password or code is shown beside its field. In another tab, the second factor may be set up or removed.
async fn refuse(web: &Web, visit: &Visit<'_>, caller: &Caller, problem: &Problem) -> HandlerResult {
    match (guess_error(problem), problem.code) {
        (Some(message), _) => page(web, visit, caller, Some(message)).await,
        (None, Code::SecondFactorExists | Code::SecondFactorNotStarted | Code::StepUpRequired) => visit.redirect(PATH),
        (None, _) => visit.refuse(problem),
    }
}

/// The frame. Without the menu, as long as the other pages would only lead back here.
fn frame(web: &Web, visit: &Visit<'_>, caller: &Caller, heading: &str) -> Shell {
    let mut shell = visit.shell(visit.view.text(heading), Section::Account);
    if web.use_cases.authenticate.requires_setup(caller) {
        shell.tabs.clear();
    }
    shell
}

async fn page(web: &Web, visit: &Visit<'_>, caller: &Caller, error: Option<&str>) -> HandlerResult {
    let view = &visit.view;
    let has_password = has_password(web, &caller.user).await?;
    let is_removal = caller.user.second_factor_at.is_some();
    let is_required = web.use_cases.authenticate.requires_setup(caller);
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = error.map(|name| view.text(name));
    let password = |error| {
        Field::new("password", "password", view.text("account-current-password"))
            .autocomplete("current-password")
            .error(error)
    };
    let (names, form) = match (is_removal, has_password) {
        (true, true) => {
            let form = account_form(visit, REMOVE, vec![password(shown)], "second-factor-remove").danger();
            (&["second-factor-on-sentence"][..], form)
        }
        (true, false) => {
            let code = Field::new("code", "text", view.text("field-code"))
                .autocomplete("one-time-code")
                .hint(view.text("login-code-hint"))
                .error(shown);
            let form = account_form(visit, REMOVE, vec![code], "second-factor-remove").danger();
            (&["second-factor-on-sentence"][..], form)
        }
        (false, true) => {
            let form = account_form(visit, PATH, vec![password(shown)], "second-factor-begin");
            (&["second-factor-sentence", "second-factor-app"][..], form)
        }
        // Its owner has just used a mailed link.
        (false, false) if caller.session.is_stepped_up(web.clock.now()) => {
            let form = account_form(visit, PATH, Vec::new(), "second-factor-begin");
            (&["second-factor-sentence", "second-factor-app"][..], form)
        }
        (false, false) => {
            let form = account_form(visit, PASSWORD_LINK, Vec::new(), "account-password-link");
            (&["second-factor-sentence", "second-factor-password-first"][..], form)
        }
    };
    let required = is_required.then_some("second-factor-required");
    let heading = if is_removal { "second-factor" } else { "second-factor-set-up" };
    let shell = frame(web, visit, caller, heading);
    let page = SecondFactor {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        sentences: required.iter().chain(names).map(|name| view.text(name)).collect(),
        form,
        link: (!is_required).then(|| Link { href: view.href(account::PATH), text: view.text("account-back") }),
    };
    visit.respond(&page, status)
}

/// The field for a code, below what the app needs to know. A secret is not shown again after a wrong code.
fn enter_code(
    web: &Web,
    visit: &Visit<'_>,
    caller: &Caller,
    setup: Option<&TotpSetup>,
    error: Option<&str>,
) -> HandlerResult {
    let view = &visit.view;
    let shell = frame(web, visit, caller, "second-factor-set-up");
    let code = Field::new("code", "text", view.text("field-code"))
        .numeric()
        .autocomplete("one-time-code")
        .hint(view.text("login-code-hint"))
        .error(error.map(|name| view.text(name)));
    let sentence = if setup.is_some() { "second-factor-scan" } else { "second-factor-code-again" };
    let page = EnterCode {
        shell: if error.is_some() { view.with_error(shell) } else { shell },
        sentences: vec![view.text(sentence)],
        secret: setup.map(|setup| Secret {
            qr_code: qr_code(&setup.qr_svg, view.text("second-factor-qr")),
            open: Link { href: setup.uri.clone(), text: view.text("second-factor-open-app") },
            label: view.text("second-factor-secret"),
            groups: in_groups(&secret_of(&setup.uri)),
        }),
        form: account_form(visit, CONFIRM, vec![code], "second-factor-confirm"),
        again: Link { href: view.href(PATH), text: view.text("second-factor-again") },
    };
    visit.respond(&page, if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK })
}

fn recovery_codes(visit: &Visit<'_>, codes: Vec<String>) -> HandlerResult {
    let view = &visit.view;
    let page = RecoveryCodes {
        shell: visit.shell(view.text("second-factor-codes"), Section::Account),
        done: view.text("second-factor-done"),
        sentences: vec![view.text("second-factor-codes-sentence"), view.text("second-factor-codes-once")],
        codes,
        copy: view.text("second-factor-codes-copy"),
        copied: view.text("second-factor-codes-copied"),
        link: Link { href: view.href(account::PATH), text: view.text("second-factor-codes-kept") },
    };
    visit.respond(&page, StatusCode::OK)
}

/// The parts of the SVG document that our own element needs, so that no markup is inserted as it is.
fn qr_code(svg: &str, label: String) -> Option<QrCode> {
    let attribute = |name: &str| {
        let (_, rest) = svg.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    Some(QrCode { label, view_box: attribute("viewBox")?, path: attribute("d")? })
}

/// The secret in an `otpauth` URI.
fn secret_of(uri: &str) -> String {
    let url = Url::parse(uri).ok();
    let secret =
        url.and_then(|url| url.query_pairs().find(|(name, _)| name == "secret").map(|(_, value)| value.into()));
    secret.unwrap_or_default()
}

/// In groups of four, as people type it.
fn in_groups(secret: &str) -> String {
    let mut out = String::with_capacity(secret.len() + secret.len() / 4);
    for (place, c) in secret.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_typed_in_groups() {
        for (uri, expected) in [
            ("otpauth://totp/Practice:a%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=Practice", "JBSW Y3DP EHPK 3PXP"),
            ("otpauth://totp/P?issuer=P&secret=ABCDEF", "ABCD EF"),
            ("otpauth://totp/P?issuer=P", ""),
        ] {
            assert_eq!(in_groups(&secret_of(uri)), expected);
        }
    }

    #[test]
    fn a_qr_code_consists_of_its_size_and_one_path() {
        let svg = r##"<?xml version="1.0"?><svg width="9" viewBox="0 0 9 9"><rect width="9"/>"##.to_owned()
            + r##"<path fill="#000" d="M1 1h1v1H1V1"/></svg>"##;
        let found = qr_code(&svg, "QR".to_owned()).unwrap();
        assert_eq!((found.view_box.as_str(), found.path.as_str()), ("0 0 9 9", "M1 1h1v1H1V1"));
        assert!(qr_code("<svg/>", "QR".to_owned()).is_none());
    }
}
