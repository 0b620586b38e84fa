//! Lua scripts on the libraries of Prosody.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// What to do where the libraries are missing. Nothing is skipped.
const INSTALL: &str = "the tests with Prosody's own libraries need Debian's packages lua5.4, prosody and lua-luaossl: \
                       apt-get install --no-install-recommends lua5.4 prosody lua-luaossl";

/// A script of this folder that answers each line with a line.
pub(crate) struct Script {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Script {
    /// Starts a script and waits for its first line, which says that its libraries are there.
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
        // It may have ended by itself, and then both fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives a script all it asks for at once, and takes its one answer.
pub(crate) fn answer(name: &str, input: &str) -> Value {
    let mut child = command(name).spawn().unwrap_or_else(|e| panic!("{INSTALL} ({e})"));
    // Dropped at the end of the statement, which tells the script that this is all.
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the script listens");
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "Prosody refuses it, or its libraries are missing. {INSTALL}\n{input}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a script complains about is seen in the output of the test.
fn command(name: &str) -> Command {
    let mut command = Command::new("lua5.4");
    command.arg(format!("{}/tests/prosody/{name}", env!("CARGO_MANIFEST_DIR")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}
