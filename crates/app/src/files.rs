//! The limit of open files and connections.

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// With fewer, a few slow clients could use up all connections.
const NEEDED: u64 = 1_024;

pub(crate) fn raise_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
            .context("the limit of open files cannot be raised")?;
    }
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    ensure!(
        now >= NEEDED,
        "the limit of open files is {now}, and at least {NEEDED} are needed: raise it with ulimit -n"
    );
    Ok(())
}
