//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use attune_domain::{NotificationId, NotifyLevel};
use clap::{Args, Parser, Subcommand};

use crate::settings::Profile;

/// Booking and tele-session backend of a therapy practice.
///
/// Clients register, book a session and pay for it; each participant gets a personal meeting link; emails are sent after
/// booking and before the session.
///
/// Without any settings, `attune serve` stores everything in ./data, creates a first admin and prints the password once.
#[derive(Debug, Parser)]
#[command(name = "attune", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// A TOML file with settings; config/default.toml in the source code explains all of them.
    #[arg(long, global = true, value_name = "FILE", env = "ATTUNE_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// What the service is used for. Production refuses settings that are for trials only.
    #[arg(long, global = true, value_enum, default_value = "development", env = "ATTUNE_PROFILE")]
    pub(crate) profile: Profile,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  attune serve --demo                       try it out with example users and a booking
  attune config                             print the resolved settings, secrets hidden
  echo 'a long passphrase' | attune user add --email a@example.org --admin --password-stdin
  ATTUNE__DATABASE__URL=postgres://… attune serve
                                            use PostgreSQL
  attune backup --keep 14 /var/backups/attune/
                                            write an archive, and keep the last fourteen";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and run the worker.
    Serve(Serve),
    /// Run only the worker: emails, expired holds, payments. For use with `serve --no-worker`.
    Worker,
    /// Migrate the database and exit. `serve` and `worker` do so automatically.
    Migrate(Migrate),
    /// Write one archive of the database and the signing secret, while bookings go on. Other secrets and the settings file
    /// are not in it.
    Backup(Backup),
    /// Make a database of an archive, of either kind, whichever kind the archive is from. Stop all instances before.
    Restore(Restore),
    /// List, release or cancel the emails that were due before a backup was restored.
    #[command(subcommand)]
    Emails(Emails),
    /// Manage accounts.
    #[command(subcommand)]
    User(User),
    /// Check settings, keys, clock, mail server, database and video server, and print what the video server needs. Changes
    /// nothing. Exits with an error if a check fails.
    Doctor(Doctor),
    /// Ask the server that runs with these settings on this machine whether it is ready. Exits with an error if it is not.
    Health(Health),
    /// Print the OpenAPI description of the API.
    Openapi,
    /// Print the paths of all pages and the states in which each can be looked at, as JSON, for tests.
    #[command(hide = true)]
    Pages,
    /// Print the resolved settings as TOML, secrets hidden.
    Config,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Create Dr. Smith, John Doe and a paid booking, and print commands that show their meeting links.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Do not run the worker; another process does (`attune worker`).
    #[arg(long)]
    pub(crate) no_worker: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Print the names of the migrations that would run, and change nothing. Exits with an error only if that cannot be said,
    /// or if the tables are newer than this program.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// A file, a folder, in which the archive is named after the time, or - for standard output.
    #[arg(value_name = "FILE|FOLDER|-")]
    pub(crate) destination: PathBuf,
    /// Encrypt the archive for the owner of this public key of age (age1…), besides those in backup.recipients. May be
    /// repeated.
    #[arg(long = "recipient", value_name = "KEY")]
    pub(crate) recipients: Vec<String>,
    /// Remove all but the newest archives from the folder.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) keep: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// An archive that `attune backup` wrote, or - for standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) archive: PathBuf,
    /// Replace the database, and the signing secret in data_dir, if they exist.
    #[arg(long)]
    pub(crate) replace: bool,
    /// A file with your private key of age, for an encrypted archive.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// The service was stopped before the backup was made, so no email has been sent since: do not hold any.
    #[arg(long)]
    pub(crate) nothing_sent_since: bool,
    /// Keep another signing secret than that of the archive; links in its emails and its authenticator apps do not work.
    #[arg(long)]
    pub(crate) keep_secret: bool,
    /// Only write the signing secret of the archive into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) extract_secret: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Emails {
    /// List them, one a line with tabs between the columns: number, kind, when it was due, subject and recipient.
    Held,
    /// Send them, as far as they are still warranted. Payments since the backup are reconciled first.
    Release(ChosenEmails),
    /// Never send them.
    Cancel(ChosenEmails),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ChosenEmails {
    /// Numbers of emails.
    #[arg(value_name = "NUMBER")]
    pub(crate) emails: Vec<NotificationId>,
    /// All of them.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Contact neither the video server nor the mail server.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Write the settings for the video server into files below this folder instead of printing them, with the real secrets
    /// and readable by their owner only. Refused if a file there has another content.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) write_jitsi: Option<PathBuf>,
    /// Replace files that have another content.
    #[arg(long, requires = "write_jitsi")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Ask only whether the process runs, which does not depend on the database.
    #[arg(long)]
    pub(crate) live: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Create an account; the password is read from standard input.
    Add(AddUser),
    /// List the accounts, one a line with tabs between the columns.
    List(ListUsers),
    /// Set a new password, which is read from standard input. Ends all login sessions and emailed links of the account, and
    /// tells its owner by email.
    SetPassword(SetPassword),
    /// Replace the email address, whose owner must be known to you. Ends all login sessions and emailed links of the account,
    /// and tells the former address by email.
    SetEmail(SetEmail),
    /// Disable an account, end its login sessions and emailed links, and tell its owner by email. Refused for the last admin.
    Disable(Account),
    /// Remove the second factor, so that the password suffices until another one is set up. Ends all login sessions of the
    /// account, and tells its owner by email.
    #[command(name = "reset-2fa")]
    ResetSecondFactor(Account),
}

#[derive(Debug, Args)]
pub(crate) struct ListUsers {
    /// Only admins.
    #[arg(long)]
    pub(crate) admins: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Account {
    /// Email address of the account.
    #[arg(long)]
    pub(crate) email: String,
}

#[derive(Debug, Args)]
pub(crate) struct SetPassword {
    #[command(flatten)]
    pub(crate) account: Account,
    #[command(flatten)]
    pub(crate) password: PasswordInput,
}

#[derive(Debug, Args)]
pub(crate) struct SetEmail {
    #[command(flatten)]
    pub(crate) account: Account,
    /// Email address that replaces it.
    #[arg(long)]
    pub(crate) new_email: String,
    /// Neither tell the former address nor let it undo the change, because someone else reads it. Earlier changes cannot be
    /// undone either.
    #[arg(long)]
    pub(crate) no_undo: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordInput {
    /// Read the password from the first line of standard input. Required, because a password on the command line would
    /// be visible to all users of this machine.
    #[arg(long, required = true)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// Email address, which is also the login.
    #[arg(long)]
    pub(crate) email: String,
    /// Given name.
    #[arg(long)]
    pub(crate) first_name: Option<String>,
    /// Family name.
    #[arg(long)]
    pub(crate) last_name: Option<String>,
    /// Create an admin (a therapist), who can see and change every booking.
    #[arg(long)]
    pub(crate) admin: bool,
    /// Which emails an admin gets about the bookings in their calendar: none, changes (the default) or all.
    #[arg(long)]
    pub(crate) notify: Option<NotifyLevel>,
    #[command(flatten)]
    pub(crate) password: PasswordInput,
}
