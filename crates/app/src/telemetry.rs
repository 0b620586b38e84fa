//! Logs: readable on a terminal, JSON for machines, on the standard error stream.
//!
//! One thread of their own writes them down, as many lines at a time as have come together: threads that answer requests
//! would otherwise queue for the stream, which took longer than everything else that is done for a line. No line is left
//! out; when the stream does not keep up, they do wait.

use std::io::{BufWriter, IsTerminal};

use anyhow::{Context, Result};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

/// Lines that wait for the stream before whoever logs waits, too: a few megabytes.
const LINES: usize = 10_000;
/// Bytes that are written at once.
const BUFFER: usize = 64 * 1024;

/// Starts logging. What is not yet written is written when the guard is dropped.
pub(crate) fn start(format: LogFormat, level: &str) -> Result<WorkerGuard> {
    let filter = EnvFilter::try_new(level).context("log.level cannot be read")?;
    let json = match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let (stream, guard) = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(LINES)
        .thread_name("log")
        .finish(BufWriter::with_capacity(BUFFER, std::io::stderr()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stream);
    let started = if json {
        builder.json().flatten_event(true).with_span_list(false).try_init()
    } else {
        builder.with_target(false).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("logging cannot be started: {error}"))?;
    Ok(guard)
}
