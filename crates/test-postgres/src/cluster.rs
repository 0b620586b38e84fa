//! One temporary server, from `initdb` to the end of the process.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use url::Url;

/// The role that tests use. It may make databases and is nothing more, like the role of a careful installation.
const ROLE: &str = "attune";
const ADMIN: &str = "postgres";
const PASSWORD: &str = "throw-away";

/// A running server and the folder it lives in.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    guard: Mutex<Option<(Child, ChildStdin)>>,
}

impl Cluster {
    /// Makes and starts a server. Panics with the reason when that is impossible.
    pub(crate) fn create() -> Self {
        let cluster = Self::create_with(Inner::initialise);
        cluster.0.make_role();
        cluster
    }

    /// Makes and starts a standby of this server.
    pub(crate) fn create_standby(&self) -> Self {
        Self::create_with(|standby| standby.copy(&self.admin_url()))
    }

    fn create_with(fill: impl Fn(&Inner)) -> Self {
        let programs = find_programs();
        let folder = new_folder();
        let user = unprivileged_user(&folder);
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).expect("the folder can be given away");
        }
        // Another process may take the port before the server uses it, so a failed start is tried again.
        for _ in 0..10 {
            let cluster = Self(Arc::new(Inner {
                folder: folder.clone(),
                programs: programs.clone(),
                user,
                port: unused_port(),
                guard: Mutex::new(None),
            }));
            fill(&cluster.0);
            cluster.0.watch();
            if cluster.start().is_ok() {
                return cluster;
            }
            cluster.0.unwatch();
            fs::create_dir_all(&folder).expect("the folder can be made again");
        }
        panic!("no PostgreSQL server could be started; its log was in {}", folder.display());
    }

    /// The URL for the role that tests use.
    pub(crate) fn url(&self) -> Url {
        self.0.url(ROLE)
    }

    /// The URL for the superuser.
    pub(crate) fn admin_url(&self) -> Url {
        self.0.url(ADMIN)
    }

    /// The folder of the Unix socket.
    pub(crate) fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Writes a file that only the server may read next to its data.
    pub(crate) fn write_private(&self, name: &str, text: &str) {
        let path = self.0.data().join(name);
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).expect("a file");
        io::Write::write_all(&mut file, text.as_bytes()).expect("the file is written");
        if let Some((uid, gid)) = self.0.user {
            chown(&path, Some(uid), Some(gid)).expect("the file can be given away");
        }
    }

    /// Starts the server and waits until it takes connections.
    pub(crate) fn start(&self) -> io::Result<()> {
        let options = [
            format!("-c listen_addresses=127.0.0.1 -p {} -c max_connections=300", self.0.port),
            format!("-c unix_socket_directories={}", self.0.folder.display()),
            // What a crash of the machine would lose is of no interest to a test.
            "-c fsync=off -c full_page_writes=off -c autovacuum=off".to_owned(),
        ]
        .join(" ");
        let log = self.0.folder.join("log");
        let arguments =
            [OsStr::new("-w"), "-l".as_ref(), log.as_os_str(), "-o".as_ref(), options.as_ref(), "start".as_ref()];
        let done = self.0.pg_ctl(&arguments).status()?;
        if done.success() { Ok(()) } else { Err(io::Error::other("pg_ctl could not start the server")) }
    }

    /// Stops the server as a crash would.
    pub(crate) fn stop(&self) {
        let stopped = self.0.pg_ctl(&["-m", "immediate", "-w", "stop"]).status();
        assert!(stopped.is_ok_and(|status| status.success()), "pg_ctl could not stop the server");
    }

    /// Makes a standby the primary, and waits until it is.
    pub(crate) fn promote(&self) {
        let promoted = self.0.pg_ctl(&["-w", "promote"]).status();
        assert!(promoted.is_ok_and(|status| status.success()), "pg_ctl could not promote the server");
    }
}

impl Inner {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn url(&self, role: &str) -> Url {
        let text = format!("postgres://{role}:{PASSWORD}@127.0.0.1:{}/postgres", self.port);
        text.parse().expect("a URL")
    }

    /// A program of the server's, run as a user that the server accepts.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        // The test's output streams are not inherited: a test runner waits until every process that holds them open has
        // ended.
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.as_user(&mut command);
        command
    }

    fn as_user(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
    }

    fn pg_ctl(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = self.program("pg_ctl");
        command.arg("-D").arg(self.data()).args(arguments);
        command
    }

    fn initialise(&self) {
        let password = self.folder.join("password");
        fs::write(&password, PASSWORD).expect("the password is written");
        let made = self
            .program("initdb")
            .arg("-D")
            .arg(self.data())
            .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username", ADMIN])
            .arg("--pwfile")
            .arg(&password)
            .stderr(Stdio::piped())
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Copies the data of a running server, whose standby this one is going to be.
    fn copy(&self, primary: &Url) {
        let made = self
            .program("pg_basebackup")
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname", primary.as_str(), "--pgdata"])
            .arg(self.data())
            .stderr(Stdio::piped())
            .output()
            .expect("pg_basebackup can be run");
        assert!(made.status.success(), "pg_basebackup failed: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Makes the role that tests use, on a runtime of its own because this runs outside the test's.
    fn make_role(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let url = self.url(ADMIN);
        runtime.block_on(async {
            let admin = crate::connect(url.as_str()).await;
            let statement = format!("CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}'");
            admin.batch_execute(&statement).await.expect("the role is made");
        });
    }

    /// Starts a small process that waits for our end and then tidies up. It also works for a killed test,
    /// because the pipe it reads from closes with us.
    fn watch(&self) {
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(r#"read -r _; "$0" -D "$1/data" -m immediate -w stop; cd /; rm -rf "$1""#)
            .arg(self.programs.join("pg_ctl"))
            .arg(&self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not in our group, or Ctrl-C would end it before it has done its work.
            .process_group(0);
        self.as_user(&mut command);
        let mut guard = command.spawn().expect("a shell can be run");
        let pipe = guard.stdin.take().expect("the shell's input is a pipe");
        *self.guard.lock().unwrap() = Some((guard, pipe));
    }

    fn unwatch(&self) {
        if let Some((mut guard, pipe)) = self.guard.lock().unwrap().take() {
            drop(pipe);
            // If waiting fails, the guard still does its work; we only do not see the end of it.
            let _ = guard.wait();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.unwatch();
    }
}

/// The folder of `initdb`, `pg_ctl` and `postgres`: on the search path, or where Debian installs them.
fn find_programs() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&on_path).collect();
    let mut versions: Vec<PathBuf> =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|version| version.join("bin")));
    let needed = ["initdb", "pg_ctl", "pg_basebackup", "postgres"];
    let complete = |folder: &PathBuf| needed.iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(complete).expect(
        "these tests need a PostgreSQL server: run `apt-get install -y postgresql`, or set TEST_POSTGRES_URL to one \
         whose role may make databases",
    )
}

fn new_folder() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // A socket's path has at most 107 bytes, so the name is short.
    let name = format!("attune-pg-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    fs::DirBuilder::new().mode(0o700).create(&folder).expect("a temporary folder");
    folder
}

/// PostgreSQL refuses to run as root, so root runs the server as another user.
fn unprivileged_user(ours: &Path) -> Option<(u32, u32)> {
    if fs::metadata(ours).expect("our own folder").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let find = |wanted: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("a user that is not root"))
}

fn unused_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}
