//! Starting, observing and ending processes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tokio::io::AsyncWriteExt;

/// How long a test waits before it fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Polls until there is a result; panics with `what` when there is none in time.
pub async fn eventually<T>(what: &str, mut poll: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(result) = poll().await {
            return result;
        }
        assert!(Instant::now() < deadline, "waited for {TIMEOUT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("attune");
    assert!(binary.is_file(), "{} is missing; build it with `cargo build -p attune-app`", binary.display());
    binary
}

/// The binary under test, without the `ATTUNE` variables of this machine.
pub fn attune<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_uppercase().starts_with("ATTUNE") {
            command.env_remove(name);
        }
    }
    command
}

/// A shell that runs this script, as if pasted.
pub fn shell(script: &str) -> Command {
    let found = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    assert!(found.is_ok_and(|status| status.success()), "this test needs curl: run `apt-get install -y curl`");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    command
}

#[derive(Debug)]
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    pub fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }
}

pub async fn run(command: Command, input: &str) -> Finished {
    let what = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("it starts");
    // A command that does not read its input has closed it, which is fine.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let ended = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await;
    let output = ended.unwrap_or_else(|_| panic!("it does not end: {what}")).unwrap();
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[derive(Debug)]
struct Output {
    text: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

impl Output {
    fn listen(pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let received = text.clone();
        let listener = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                received.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Self { text, listener: Some(listener) }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn finish(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.join().unwrap();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    stdout: Output,
    stderr: Output,
    ended: Option<ExitStatus>,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stdout = Output::listen(child.stdout.take().unwrap());
        let stderr = Output::listen(child.stderr.take().unwrap());
        Self { child, stdout, stderr, ended: None }
    }

    pub(crate) fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits for a line on the standard output with this prefix, and returns the rest of it.
    pub(crate) async fn announces(&mut self, beginning: &str) -> String {
        eventually(&format!("the process prints {beginning:?}"), async || {
            let printed = self.stdout();
            let whole_lines = printed.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let found = whole_lines.filter_map(|line| line.trim_end().strip_prefix(beginning)).next();
            if found.is_none() && self.has_ended() {
                self.finish();
                panic!("the process ended instead of printing {beginning:?}: {}{}", self.stdout(), self.stderr());
            }
            found.map(str::to_owned)
        })
        .await
    }

    fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended.is_some()
    }

    fn finish(&mut self) {
        self.stdout.finish();
        self.stderr.finish();
    }

    /// A write beyond this length fails; `None` is no limit. The process has to ignore the signal XFSZ.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    pub(crate) fn ask_to_end(&self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, Signal::TERM).unwrap();
    }

    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let status = eventually("the process ends", async || self.has_ended().then_some(self.ended?)).await;
        self.finish();
        status.code()
    }

    /// Kills it without a graceful shutdown.
    pub(crate) fn kill(&mut self) {
        if !self.has_ended() {
            self.child.kill().unwrap();
            self.ended = Some(self.child.wait().unwrap());
        }
        self.finish();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
