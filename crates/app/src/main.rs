#![doc = include_str!("../README.md")]

mod admins;
mod ambient;
mod backend;
mod backup;
mod cli;
mod demo;
mod doctor;
mod emails;
mod files;
mod health;
mod known_databases;
mod last_backup;
mod metrics;
mod output;
mod private_files;
mod probe;
mod restore;
mod secret;
mod serve;
mod service_manager;
mod settings;
mod shared;
mod task_log;
mod telemetry;
mod time_zones;
mod user;
mod wiring;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use cli::{Cli, Command};
use output::print;
use settings::{Profile, Sources, load};

/// A request makes hundreds of small allocations; mimalloc saves a tenth to a sixth of the server's time compared with the
/// C library, see docs/PERFORMANCE.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: what failed and why, without a backtrace.
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "attune: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// All pages as JSON: their states, and the buttons of the forms that do what admins can do by the API.
fn pages() -> Result<String> {
    let page = |page: &attune_adapter_web::Page| {
        let forms = attune_adapter_web::ADMIN_FORMS.iter().filter(|form| form.path == page.path);
        let buttons: Vec<_> = forms.map(|form| form.button).collect();
        serde_json::json!({"path": page.path, "states": page.states, "admin_forms": buttons})
    };
    let pages: Vec<_> = attune_adapter_web::pages(true).iter().map(page).collect();
    serde_json::to_string_pretty(&pages).context("the pages cannot be printed")
}

fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Openapi => return print(&attune_adapter_http::openapi_json(attune_adapter_web::openapi())),
        Command::Pages => return print(&pages()?),
        Command::Serve(_)
        | Command::Worker
        | Command::Migrate(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Emails(_)
        | Command::User(_)
        | Command::Doctor(_)
        | Command::Health(_)
        | Command::Config => {}
    }
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let settings = load(&Sources { profile: cli.profile, file: cli.config, environment })?;
    let config = settings.resolve(cli.profile)?;
    if matches!(cli.command, Command::Config) {
        return print(&toml::to_string_pretty(&settings).context("the settings cannot be printed")?);
    }
    if cli.profile == Profile::Production
        && let Some(problem) = private_files::exposed(&settings, &config).first()
    {
        bail!("{problem}");
    }
    let _flush_guard = telemetry::start(config.log_format, &settings.log.level)?;
    files::raise_limit()?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be started")?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(options) => serve::serve(&settings, &config, cli.profile, &options).await,
            Command::Worker => serve::worker(&settings, &config).await,
            Command::Migrate(options) => serve::migrate(&settings, &config, &options).await,
            Command::Backup(options) => backup::run(&settings, &config, &options).await,
            Command::Restore(options) => restore::run(&settings, &config, &options).await,
            Command::Emails(command) => emails::run(&settings, &config, &command).await,
            Command::Doctor(options) => doctor::run(&settings, &config, cli.profile, &options).await,
            Command::Health(options) => probe::run(&config, &options).await,
            Command::User(command) => user::run(&settings, &config, command).await,
            Command::Openapi | Command::Pages | Command::Config => Ok(()),
        }
    })
}
