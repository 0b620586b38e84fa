//! Logging out.

use actix_web::HttpRequest;
use actix_web::web::{Data, Payload};
use attune_application::accounts::LogOutCommand;
use attune_http_common::HandlerResult;

use crate::cookies::Cookie;
use crate::forms::{Form, refuse_forged};
use crate::web::Web;

pub(crate) const PATH: &str = "/logout";

/// `POST /logout`
pub(crate) async fn log_out(web: Data<Web>, http: HttpRequest, payload: Payload) -> HandlerResult {
    if let Some(refusal) = refuse_forged(&web, &http).await {
        return refusal;
    }
    let visit = web.visit(&http).await?;
    let mut form = Form::read(&web, &http, payload).await?;
    if let Err(problem) = visit.check_form(&mut form, "logout") {
        return visit.refuse(&problem);
    }
    if let Some(caller) = visit.caller.clone() {
        let metadata = web.settings.requests.metadata(&http);
        let command = LogOutCommand { caller, refresh_token: None, all: false, metadata };
        web.use_cases.log_out.run(command).await?;
    }
    let mut response = visit.redirect("/login")?;
    Cookie::LoginSession.remove(&mut response, web.settings.secure)?;
    Ok(response)
}
