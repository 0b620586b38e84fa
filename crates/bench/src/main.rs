#![doc = include_str!("../README.md")]
#![expect(clippy::print_stdout, reason = "the script reads what is printed")]

mod book;
mod cold;
mod floor;
mod http;
mod outbox;
mod seed;
mod table;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Tools of `scripts/bench`.
#[derive(Debug, Parser)]
#[command(name = "attune-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer one booking's row as JSON, with nothing around it: what the product is compared with.
    Floor(floor::Floor),
    /// Fill a database whose tables are there and which has the three accounts of the script.
    Seed(seed::Seed),
    /// Book as fast as bookings are answered, and print one line of numbers.
    Book(book::Book),
    /// Start a server and print how many milliseconds passed until its first answer.
    Cold(cold::Cold),
    /// Let the product send thousands of reminders while clients book, and print one row of a table.
    Outbox(outbox::Outbox),
    /// Make a table of the lines that the script gathered.
    Table(table::Table),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Floor(floor) => floor.run(),
        Command::Seed(seed) => seed.run(),
        Command::Book(book) => book.run(),
        Command::Cold(cold) => cold.run(),
        Command::Outbox(outbox) => outbox.run(),
        Command::Table(table) => table.run(),
    }
}
