//! How many files and connections the process may have open.

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer than this, and a crowd of slow clients could keep everybody else out.
const NEEDED: u64 = 1_024;

/// Raises the limit of open files as far as the system lets us.
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
