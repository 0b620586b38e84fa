//! `attune user`: the operator adds accounts, lists them, and helps owners who are locked out.

use std::io::BufRead;

use anyhow::{Context, Result};
use attune_application::accounts::{AddUserCommand, OperatorChange};
use attune_domain::{EmailAddress, NotifyLevel, PersonName, Role, User, UserId};
use attune_ports::{Password, UserFilter};
use jiff::tz::TimeZone;

use crate::admins::all_users;
use crate::backend::Backend;
use crate::cli::{self, AddUser, ListUsers};
use crate::output::print;
use crate::serve::pages_base;
use crate::settings::{ResolvedConfig, Settings};
use crate::wiring::App;

pub(crate) async fn run(settings: &Settings, config: &ResolvedConfig, command: cli::User) -> Result<()> {
    let (account, change) = match command {
        cli::User::Add(user) => return add(settings, config, user).await,
        cli::User::List(options) => return list(settings, config, &options).await,
        cli::User::SetPassword(command) => (command.account, OperatorChange::Password(read_password()?)),
        cli::User::SetEmail(command) => {
            let new = EmailAddress::parse(&command.new_email).context("--new-email is invalid")?;
            (command.account, OperatorChange::Email { new, undo: !command.no_undo })
        }
        cli::User::Disable(account) => (account, OperatorChange::Disable),
        cli::User::ResetSecondFactor(account) => (account, OperatorChange::RemoveSecondFactor),
    };
    let email = EmailAddress::parse(&account.email).context("--email is invalid")?;
    let app = App::build(settings, config, &pages_base(config, config.bind)?).await?;
    let changed = app.use_cases.operate_account.run(&email, &change).await;
    app.backend.close().await;
    print(&sentence(changed?.id, &change))
}

fn sentence(id: UserId, change: &OperatorChange) -> String {
    match change {
        OperatorChange::Password(_) => {
            format!("The password of user {id} was changed; all login sessions and links ended.")
        }
        OperatorChange::Email { .. } => {
            format!("The email address of user {id} was changed; all login sessions and links ended.")
        }
        OperatorChange::Disable => format!("User {id} was disabled; all login sessions and links ended."),
        OperatorChange::RemoveSecondFactor => format!("User {id} has no second factor; all login sessions ended."),
    }
}

fn read_password() -> Result<Password> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the password cannot be read from standard input")?;
    Ok(Password::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn add(settings: &Settings, config: &ResolvedConfig, user: AddUser) -> Result<()> {
    let name = |text: Option<String>, which: &str| -> Result<Option<PersonName>> {
        let Some(text) = text else { return Ok(None) };
        PersonName::parse(&text).with_context(|| format!("--{which} is invalid"))
    };
    let command = AddUserCommand {
        email: EmailAddress::parse(&user.email).context("--email is invalid")?,
        first_name: name(user.first_name, "first-name")?,
        last_name: name(user.last_name, "last-name")?,
        time_zone: None,
        role: if user.admin { Role::Admin } else { Role::Client },
        notify: user.notify.unwrap_or(NotifyLevel::Changes),
        password: read_password()?,
    };
    let app = App::build(settings, config, &pages_base(config, config.bind)?).await?;
    let added = app.use_cases.add_user.run(command).await;
    app.backend.close().await;
    let added = added?;
    print(&format!("user {} added{}", added.id, if added.is_admin() { ", an admin" } else { "" }))
}

async fn list(settings: &Settings, config: &ResolvedConfig, options: &ListUsers) -> Result<()> {
    let backend = Backend::open(config, &settings.database).await?;
    let filter = UserFilter { role: options.admins.then_some(Role::Admin), ..UserFilter::default() };
    let users = all_users(&*backend.queries(), &filter).await;
    backend.close().await;
    let mut text = "id\temail\trole\tstate\tverified\tsecond factor\tcreated\n".to_owned();
    for user in users.context("the accounts cannot be read")? {
        text.push_str(&row(&user));
    }
    print(&text)
}

fn row(user: &User) -> String {
    let yes = |is: bool| if is { "yes" } else { "no" };
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
        user.id,
        user.email.as_str(),
        user.role.as_str(),
        if user.disabled { "disabled" } else { "enabled" },
        yes(user.email_verified_at.is_some()),
        yes(user.second_factor_at.is_some()),
        TimeZone::UTC.to_datetime(user.created_at).date(),
    )
}
