//! Logs: readable on a terminal, JSON for machines, on the standard error stream.

use std::io::IsTerminal;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

pub(crate) fn start(format: LogFormat, level: &str) -> Result<()> {
    let filter = EnvFilter::try_new(level).context("log.level cannot be read")?;
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json {
        builder.json().flatten_event(true).with_span_list(false).try_init()
    } else {
        builder.with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))
}
