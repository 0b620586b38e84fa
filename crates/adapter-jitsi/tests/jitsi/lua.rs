//! Lua scripts that use Prosody's libraries.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Missing libraries fail the tests; nothing is skipped.
pub(crate) const INSTALL: &str = "the tests with Prosody's own libraries need Debian's packages lua5.4, prosody and lua-luaossl: \
                       apt-get install --no-install-recommends lua5.4 prosody lua-luaossl";

/// A script that replies to each line with a line.
pub(crate) struct Script {
    child: Child,
    requests: ChildStdin,
    responses: BufReader<ChildStdout>,
}

impl Script {
    /// Waits for the first line of the script, which means that its libraries were found.
    pub(crate) fn start(name: &str) -> Self {
        let mut child = command(name).spawn().unwrap_or_else(|e| panic!("{INSTALL} ({e})"));
        let requests = child.stdin.take().expect("a pipe");
        let responses = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut script = Self { child, requests, responses };
        let greeting = script.line().unwrap_or_else(|| panic!("{INSTALL}"));
        assert!(greeting.get("ready").is_some(), "{greeting}");
        script
    }

    pub(crate) fn send(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").expect("the script reads");
        self.line().expect("the script replies")
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.responses.read_line(&mut line).expect("the script replies");
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect("JSON"))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // Both fail if the script has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends all input at once and returns the only reply.
pub(crate) fn run(name: &str, input: &str) -> Value {
    let mut child = command(name).spawn().unwrap_or_else(|e| panic!("{INSTALL} ({e})"));
    // Dropped at the end of the statement, which is the end of the input.
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the script reads");
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "Prosody refuses it, or its libraries are missing. {INSTALL}\n{input}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The script's errors appear in the output of the test.
fn command(name: &str) -> Command {
    let mut command = Command::new("lua5.4");
    command.arg(format!("{}/tests/jitsi/{name}", env!("CARGO_MANIFEST_DIR")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
