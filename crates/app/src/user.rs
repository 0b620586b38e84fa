//! `attune user add`.

use std::io::BufRead;

use anyhow::{Context, Result};
use attune_application::accounts::AddUserCommand;
use attune_domain::{EmailAddress, NotifyLevel, PersonName, Role};
use attune_ports::Password;

use crate::cli::AddUser;
use crate::output::print;
use crate::serve::pages_base;
use crate::settings::{ResolvedConfig, Settings};
use crate::wiring::App;

pub(crate) async fn add(settings: &Settings, config: &ResolvedConfig, user: AddUser) -> Result<()> {
    let name = |text: Option<String>, which: &str| -> Result<Option<PersonName>> {
        let Some(text) = text else { return Ok(None) };
        PersonName::parse(&text).with_context(|| format!("--{which} is invalid"))
    };
    let mut command = AddUserCommand {
        email: EmailAddress::parse(&user.email).context("--email is invalid")?,
        first_name: name(user.first_name, "first-name")?,
        last_name: name(user.last_name, "last-name")?,
        time_zone: None,
        role: if user.admin { Role::Admin } else { Role::Client },
        notify: user.notify.unwrap_or(NotifyLevel::Changes),
        password: Password::new(String::new()),
    };
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the password cannot be read from standard input")?;
    command.password = Password::new(line.trim_end_matches(['\r', '\n']).to_owned());
    let app = App::build(settings, config, &pages_base(config, config.bind)?).await?;
    let added = app.use_cases.add_user.run(command).await;
    app.backend.close().await;
    let added = added?;
    print(&format!("user {} added{}", added.id, if added.is_admin() { ", an admin" } else { "" }))
}
