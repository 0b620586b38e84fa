#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "the script reads the output")]

mod book;
mod cold;
mod floor;
mod http;
mod outbox;
mod seed;
mod table;
mod trial;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Tools of `scripts/bench`, `scripts/instances` and `scripts/fail-over`.
#[derive(Debug, Parser)]
#[command(name = "attune-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the baseline server, which responds with one booking's row as JSON.
    Floor(floor::Floor),
    /// Fill a database that has the tables and the three accounts of the script.
    Seed(seed::Seed),
    /// Create bookings as fast as possible and print one line of numbers.
    Book(book::Book),
    /// Start a server and print the milliseconds until its first response.
    Cold(cold::Cold),
    /// Let the product send thousands of reminders while clients book, and print a table row.
    Outbox(outbox::Outbox),
    /// Take instances, or the primary of the database, away from clients who book, and print what they saw of it.
    Trial(trial::Trial),
    /// Print a table of the lines that the script collected.
    Table(table::Table),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Floor(floor) => floor.run(),
        Command::Seed(seed) => seed.run(),
        Command::Book(book) => book.run(),
        Command::Cold(cold) => cold.run(),
        Command::Outbox(outbox) => outbox.run(),
        Command::Trial(trial) => trial.run(),
        Command::Table(table) => table.run(),
    }
}
