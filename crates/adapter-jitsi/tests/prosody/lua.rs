//! Lua scripts that use Prosody's libraries.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Missing libraries fail the tests; nothing is skipped.
const INSTALL: &str = "the tests with Prosody's own libraries need Debian's packages lua5.4, prosody and lua-luaossl: \
                       apt-get install --no-install-recommends lua5.4 prosody lua-luaossl";

/// A script that replies to each line with a line.
pub(crate) struct Script {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Script {
    /// Waits for the first line of the script, which means that its libraries were found.
    pub(crate) fn start(name: &str) -> Self {
        let mut child = command(name).spawn().unwrap_or_else(|e| panic!("{INSTALL} ({e})"));
        let questions = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut script = Self { child, questions, answers };
        let greeting = script.line().unwrap_or_else(|| panic!("{INSTALL}"));
        assert!(greeting.get("ready").is_some(), "{greeting}");
        script
    }

    pub(crate) fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.questions, "{question}").expect("the script listens");
        self.line().expect("the script answers")
    }

    fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the script answers");
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
pub(crate) fn answer(name: &str, input: &str) -> Value {
    let mut child = command(name).spawn().unwrap_or_else(|e| panic!("{INSTALL} ({e})"));
    // Dropped at the end of the statement, which is the end of the input.
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the script listens");
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "Prosody refuses it, or its libraries are missing. {INSTALL}\n{input}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The script's errors appear in the output of the test.
fn command(name: &str) -> Command {
    let mut command = Command::new("lua5.4");
    command.arg(format!("{}/tests/prosody/{name}", env!("CARGO_MANIFEST_DIR")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
