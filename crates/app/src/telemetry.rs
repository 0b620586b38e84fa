//! Logs: readable on a terminal, JSON for machines, on the standard error stream.

mod lines;
mod writer;

use std::io::IsTerminal;

use anyhow::{Context, Result, anyhow};
use tracing_subscriber::EnvFilter;

use self::lines::{JsonLines, TextLines};
use self::writer::FlushGuard;
use crate::settings::LogFormat;

/// The log is flushed when the returned guard is dropped.
pub(crate) fn start(format: LogFormat, level: &str) -> Result<FlushGuard> {
    // The framework reports what strangers send as errors of ours. The HTTP adapter counts it.
    let strangers = "actix_http::h1::dispatcher=off".parse().context("the log filter is invalid")?;
    let filter = EnvFilter::try_new(level).context("log.level is invalid")?.add_directive(strangers);
    let terminal = std::io::stderr().is_terminal();
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    let (writer, guard) = writer::start().context("logging cannot be started")?;
    // https://no-color.org
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer);
    let started = if json {
        builder.event_format(JsonLines).try_init()
    } else {
        builder.event_format(TextLines::default()).try_init()
    };
    started.map_err(|error| anyhow!("logging cannot be started: {error}"))?;
    Ok(guard)
}
