//! One running process of a practice.

use std::ops::Deref;
use std::process::Command;

use crate::Api;
use crate::process::Process;
use crate::secrets::Secrets;

/// A running process of the product; an [`Api`] without a token once it listens.
///
/// When dropped it is killed and its output checked, see the crate's documentation.
#[derive(Debug)]
pub struct Instance {
    process: Process,
    api: Api,
    secrets: Secrets,
    may_log_errors: bool,
}

impl Deref for Instance {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Instance {
    pub(crate) fn start(command: Command, secrets: &Secrets) -> Self {
        let api = Api::new(String::new(), secrets.clone());
        Self { process: Process::start(command), api, secrets: secrets.clone(), may_log_errors: false }
    }

    pub async fn bare(command: Command) -> Self {
        Self::of(command).listening().await
    }

    /// A process that may be no server, or not listen yet.
    pub fn of(command: Command) -> Self {
        Self::start(command, &Secrets::default())
    }

    pub async fn listening(mut self) -> Self {
        let base = self.process.announces("listening on ").await;
        self.api = Api::new(base, self.secrets.clone());
        self
    }

    pub(crate) async fn working(mut self) -> Self {
        self.process.announces("worker started").await;
        self
    }

    /// For tests that cause errors in the log.
    pub fn may_log_errors(&mut self) {
        self.may_log_errors = true;
    }

    pub fn first_admin(&self) -> Option<(String, String)> {
        let said = self.process.stdout();
        let (_, rest) = said.lines().find_map(|line| line.split_once("first admin: "))?;
        let (email, rest) = rest.split_once(" password: ")?;
        Some((email.to_owned(), rest.split(' ').next()?.to_owned()))
    }

    /// The URL of the metrics, which are on.
    pub fn metrics_url(&self) -> String {
        let said = self.process.stdout();
        said.lines().find_map(|line| line.strip_prefix("metrics on ")).expect("it has metrics").to_owned()
    }

    pub fn stdout(&self) -> String {
        self.process.stdout()
    }

    pub fn stderr(&self) -> String {
        self.process.stderr()
    }

    pub fn kill(mut self) {
        self.process.kill();
    }

    pub async fn terminate(self) -> Option<i32> {
        self.ask_to_end();
        self.ended().await
    }

    /// Lets the process write to no file beyond this length, as on a full disk; `None` is no limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        self.process.limit_files(bytes);
    }

    pub fn ask_to_end(&self) {
        self.process.ask_to_end();
    }

    pub async fn ended(mut self) -> Option<i32> {
        self.process.exit_code().await
    }

    fn check_output(&self) {
        let (stdout, stderr) = (self.process.stdout(), self.process.stderr());
        // Printed once, for the operator.
        let stdout: String = stdout.split_inclusive('\n').filter(|line| !line.starts_with("first admin: ")).collect();
        let last = |text: &str| {
            text.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
        };
        for (name, text) in [("standard output", &stdout), ("log", &stderr)] {
            let found = self.secrets.found_in(text);
            if let Some(word) = found.first() {
                let lines: Vec<&str> = text.lines().filter(|line| line.contains(word)).take(3).collect();
                panic!("{word:?} is in the {name}:\n{}", lines.join("\n"));
            }
        }
        assert!(!stderr.contains("panicked at"), "a panic:\n{}", last(&stderr));
        if !self.may_log_errors {
            let errors: Vec<&str> = stderr.lines().filter(|line| line.contains("\"level\":\"ERROR\"")).collect();
            assert!(errors.is_empty(), "errors in the log:\n{}", errors.join("\n"));
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.process.kill();
        if std::thread::panicking() {
            // The test failed for a reason of its own; the end of the log may explain it.
            let log = self.process.stderr();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains("\"level\":\"DEBUG\"")).collect();
            let tail = lines[lines.len().saturating_sub(30)..].join("\n");
            #[expect(clippy::print_stderr, reason = "the test runner shows it next to the failure")]
            {
                eprintln!("--- the end of the log:\n{tail}");
            }
        } else {
            self.check_output();
        }
    }
}
