//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::settings::Profile;

/// Booking and tele-session backend of a therapy practice.
///
/// Clients register, book and pay a session; each person gets a meeting link of their own; mails go out after booking and
/// before the session.
///
/// Started with no settings at all, `attune serve` keeps everything in ./data, makes a first admin and tells you the
/// password once.
#[derive(Debug, Parser)]
#[command(name = "attune", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// A TOML file with settings; config/default.toml in the source explains them all.
    #[arg(long, global = true, value_name = "FILE", env = "ATTUNE_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// For whom the service runs. Production refuses what is only good for trying out.
    #[arg(long, global = true, value_enum, default_value = "development", env = "ATTUNE_PROFILE")]
    pub(crate) profile: Profile,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  attune serve --demo                       try it out, with two people and a session already booked
  attune config                             show the settings in force, secrets hidden
  echo 'a long passphrase' | attune user add --email a@example.org --admin --password-stdin
  ATTUNE__DATABASE__URL=postgres://… attune serve
                                            the same service on PostgreSQL";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API, and send mails unless told otherwise.
    Serve(Serve),
    /// Only send mails and let go of unpaid bookings; for running next to `serve --no-worker`.
    Worker,
    /// Bring the database's tables up to date, then end. `serve` and `worker` do so by themselves.
    Migrate,
    /// Manage accounts.
    #[command(subcommand)]
    User(User),
    /// Check the settings, the keys, the clock, the mail server, the database and the video server, and print what the
    /// video server needs. Changes nothing. Ends with an error if something does not work.
    Doctor(Doctor),
    /// Print the OpenAPI description of the API.
    Openapi,
    /// Print the settings in force as TOML, secrets hidden.
    Config,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Add Dr. Smith, John Doe and a paid booking, and print commands that end in their meeting links.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Leave sending mails and letting go of unpaid bookings to another process, `attune worker`.
    #[arg(long)]
    pub(crate) no_worker: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Ask neither the video server nor the mail server.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make an account; the password is read from the standard input.
    Add(AddUser),
}

#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// E-mail address; this is also how the person logs in.
    #[arg(long)]
    pub(crate) email: String,
    /// Given name.
    #[arg(long)]
    pub(crate) first_name: Option<String>,
    /// Family name.
    #[arg(long)]
    pub(crate) last_name: Option<String>,
    /// Make a therapist, who sees and runs every booking.
    #[arg(long)]
    pub(crate) admin: bool,
    /// Read the password from the first line of the standard input. There is no other way: a password on the command
    /// line would be seen by everybody on this machine.
    #[arg(long, required = true)]
    pub(crate) password_stdin: bool,
}
