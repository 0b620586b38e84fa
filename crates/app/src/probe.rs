//! `attune health`: what the running server says of itself, for container engines, whose images have no other HTTP client.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::cli::Health;
use crate::output::print;
use crate::serve::reachable;
use crate::settings::ResolvedConfig;

/// More than the server gives its own checks.
const TIMEOUT: Duration = Duration::from_secs(6);

/// An error, in one line, if the server does not answer or is not ready.
pub(crate) async fn run(config: &ResolvedConfig, options: &Health) -> Result<()> {
    ensure!(config.bind.port() != 0, "http.bind has port 0, so that the server's port is not known");
    let (path, good) = if options.live { ("/health/live", "live") } else { ("/health/ready", "ready") };
    let url = format!("http://{}{path}", reachable(config.bind));
    // The server is on this machine, whatever proxy the environment names for other ones.
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().context("no request can be sent")?;
    let response = client.get(&url).send().await.with_context(|| format!("{url} does not answer"))?;
    let status = response.status();
    if status.is_success() {
        return print(good);
    }
    let body: Value = response.json().await.unwrap_or_default();
    let checks = body["checks"].as_object().into_iter().flatten();
    let failing: Vec<String> = checks
        .filter(|(_, check)| check["status"] == "failing")
        .map(|(name, check)| format!("{name}: {}", check["detail"].as_str().unwrap_or("failing")))
        .collect();
    bail!("not {good} ({status}): {}", failing.join("; "))
}
