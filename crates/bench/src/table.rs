//! Prints a table of measurements: one line for each endpoint and round.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Table {
    /// Lines separated by tabs: round, endpoint, store, requests per second, median and 99th percentile in microseconds.
    file: PathBuf,
    /// The baseline that the others are compared with in each round.
    #[arg(long, default_value = "floor")]
    floor: String,
}

#[derive(Default)]
struct Measured {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    ratios: Vec<f64>,
    bad: u64,
}

impl Table {
    pub(crate) fn run(self) -> Result<()> {
        let text = std::fs::read_to_string(&self.file).with_context(|| self.file.display().to_string())?;
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        let mut floors = BTreeMap::new();
        let mut order = Vec::new();
        let mut found: BTreeMap<(&str, &str), Measured> = BTreeMap::new();
        for line in &lines {
            let [round, endpoint, _, rate, ..] = line[..] else { continue };
            if endpoint == self.floor {
                floors.insert(round, rate.parse::<f64>()?);
            }
        }
        for line in &lines {
            let [round, endpoint, store, rate, p50, p99, _, bad] = line[..] else { continue };
            if !order.contains(&(endpoint, store)) {
                order.push((endpoint, store));
            }
            let measured = found.entry((endpoint, store)).or_default();
            let rate: f64 = rate.parse()?;
            measured.rates.push(rate);
            measured.p50.push(p50.parse()?);
            measured.p99.push(p99.parse()?);
            measured.bad += bad.parse::<u64>()?;
            if let Some(floor) = floors.get(round) {
                measured.ratios.push(rate / floor);
            }
        }
        println!("| endpoint | store | requests/s | p50 ms | p99 ms | of floor | bad |");
        println!("|---|---|---:|---:|---:|---:|---:|");
        for key in order {
            let Some(it) = found.get_mut(&key) else { continue };
            let ratio = if it.ratios.is_empty() { "–".to_owned() } else { format!("{:.2}", median(&mut it.ratios)) };
            println!(
                "| {} | {} | {:.0} | {:.2} | {:.2} | {} | {} |",
                key.0,
                key.1,
                median(&mut it.rates),
                median(&mut it.p50) / 1_000.0,
                median(&mut it.p99) / 1_000.0,
                ratio,
                it.bad,
            );
        }
        Ok(())
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = |index: usize| values.get(index).copied().unwrap_or_default();
    let half = values.len() / 2;
    if values.len() % 2 == 1 { middle(half) } else { f64::midpoint(middle(half.saturating_sub(1)), middle(half)) }
}
