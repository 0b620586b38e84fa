//! The time from the start of a server to its first response.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::http::{Connection, request};

#[derive(Debug, Args)]
pub(crate) struct Cold {
    /// The server, as host and port.
    #[arg(long)]
    server: String,
    /// The path to request.
    #[arg(long)]
    path: String,
    /// The program and its arguments.
    #[arg(required = true, last = true)]
    command: Vec<String>,
}

const TIME_LIMIT: Duration = Duration::from_secs(60);

impl Cold {
    pub(crate) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (program, arguments) = self.command.split_first().context("a program is required")?;
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        let response = runtime.block_on(first_response(&self.server, &self.path));
        let elapsed = began.elapsed();
        let _ = child.kill();
        child.wait()?;
        response?;
        println!("{:.1}", elapsed.as_secs_f64() * 1_000.0);
        Ok(())
    }
}

/// Waits for the first successful response.
pub(crate) async fn first_response(server: &str, path: &str) -> Result<()> {
    let began = Instant::now();
    let request_bytes = request("GET", server, path, None, None);
    while began.elapsed() < TIME_LIMIT {
        if let Ok(mut line) = Connection::open(server).await
            && let Ok(response) = line.send(&request_bytes).await
            && response.status == 200
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bail!("the server did not respond in time")
}
