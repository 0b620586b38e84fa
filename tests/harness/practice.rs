//! One set-up of the product: its database, its mail server, its clock, its settings.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use attune_test_postgres::{TestDatabase, TestServer};
use attune_test_smtp::SmtpSink;
use serde_json::json;
use tempfile::TempDir;

use crate::instance::Instance;
use crate::process::{Finished, attune, run};
use crate::secrets::Secrets;
use crate::{Clock, User, strong_password};

/// Where a practice keeps everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite,
    /// A fresh database on a real server.
    Postgres,
    /// Nowhere: gone when the process ends.
    Memory,
}

/// A practice about to be opened.
#[derive(Debug)]
pub struct Plan {
    database: Database,
    settings: BTreeMap<String, String>,
}

impl Plan {
    /// Sets one of the settings of `config/default.toml`, such as `payments.provider`.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Makes the database and the first admin.
    pub async fn open(self) -> Practice {
        let practice = self.open_without_admin().await;
        if practice.database != Database::Memory {
            let (email, password) = practice.admin_credentials();
            let add = ["user", "add", "--email", &email, "--first-name", "Meredith", "--last-name", "Ashdown"];
            let added = practice.run(add.into_iter().chain(["--admin", "--password-stdin"]), &password).await.good();
            assert!(added.stdout.contains("an admin"), "{}", added.stdout);
        }
        practice
    }

    /// Makes the database only.
    pub async fn open_without_admin(self) -> Practice {
        let folder = TempDir::new().unwrap();
        let postgres = match self.database {
            Database::Postgres if !self.settings.contains_key("database.url") => {
                Some(TestServer::shared().await.fresh_database().await)
            }
            Database::Postgres | Database::Sqlite | Database::Memory => None,
        };
        let url = match (&postgres, self.database) {
            (Some(fresh), _) => fresh.url().to_owned(),
            (None, Database::Memory) => "memory:".to_owned(),
            (None, _) => format!("sqlite:{}", folder.path().join("practice.sqlite").display()),
        };
        let clock = Clock::new(folder.path().join("clock"));
        let mails = SmtpSink::start();
        let data = folder.path().join("data").display().to_string();
        let secret = "4b8c1de79a7f4e0c8b6fd2a91c53e7f0";
        let settings = [
            ("http.bind", "127.0.0.1:0"),
            ("data_dir", &data),
            ("database.url", &url),
            ("auth.secret", secret),
            ("auth.first_admin_email", if self.database == Database::Memory { ADMIN } else { "" }),
            ("practice.timezone", "Europe/Berlin"),
            // Tests book at any time, unless hours are what they are about.
            ("practice.default_opens", "00:00"),
            ("practice.default_closes", "24:00"),
            ("jitsi.base_url", "https://meet.example.org"),
            ("payments.provider", "none"),
            ("mail.transport", "smtp"),
            ("mail.smtp_url", &mails.url()),
            ("limits.enabled", "false"),
            // Whatever a log could say, it says.
            ("log.level", "debug"),
            ("log.format", "json"),
            ("testing.clock_file", clock.path().to_str().unwrap()),
        ];
        let mut all: BTreeMap<String, String> =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        all.extend(self.settings);
        let secrets = Secrets::default();
        secrets.add(secret);
        for word in ["Meredith", "Ashdown", "therapist.ashdown"] {
            secrets.add(word);
        }
        secrets.add(&strong_password(0));
        Practice {
            database: self.database,
            settings: all,
            clock,
            mails,
            secrets,
            people: AtomicUsize::new(1),
            folder,
            postgres,
        }
    }
}

const ADMIN: &str = "therapist.ashdown@practice.example.org";

/// One set-up of the product.
pub struct Practice {
    database: Database,
    settings: BTreeMap<String, String>,
    /// What time it is for all its processes.
    pub clock: Clock,
    /// Its mail server.
    pub mails: SmtpSink,
    pub(crate) secrets: Secrets,
    people: AtomicUsize,
    folder: TempDir,
    /// Held for as long as the practice exists.
    postgres: Option<TestDatabase>,
}

impl Practice {
    /// Plans a practice that charges nothing, sends through a mail server, and limits nobody.
    pub fn on(database: Database) -> Plan {
        Plan { database, settings: BTreeMap::new() }
    }

    /// A folder that is deleted at the end of the test.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// From now on, no process may print this.
    pub fn keep_secret(&self, text: &str) {
        self.secrets.add(text);
    }

    /// Everything that is stored, as one text: two that are equal mean that nothing was written in between.
    pub async fn stored(&self) -> String {
        match &self.postgres {
            None => {
                let file = self.folder.path().join("practice.sqlite");
                let log = file.with_extension("sqlite-wal");
                [file, log].map(|path| format!("{:?}", std::fs::read(path).unwrap_or_default())).concat()
            }
            Some(database) => {
                let client = database.connect().await;
                let tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename";
                let mut all = String::new();
                for table in client.query(tables, &[]).await.unwrap() {
                    let table: String = table.get(0);
                    let rows =
                        format!("SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '') FROM \"{table}\" t");
                    let rows: String = client.query_one(&rows, &[]).await.unwrap().get(0);
                    all.push_str(&format!("{table}\n{rows}\n"));
                }
                all
            }
        }
    }

    /// A command of the product with the settings of this practice.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = attune(arguments);
        command.current_dir(self.folder.path());
        for (key, value) in &self.settings {
            command.env(format!("ATTUNE__{}", key.to_uppercase().replace('.', "__")), value);
        }
        command
    }

    /// Runs a command of the product to its end.
    pub async fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, input: &str) -> Finished {
        run(self.command(arguments), input).await
    }

    /// Starts an instance that does everything.
    pub async fn serve(&self) -> Instance {
        self.start(&["serve"]).await.listening().await
    }

    /// Starts an instance that sends no mails.
    pub async fn serve_without_worker(&self) -> Instance {
        self.start(&["serve", "--no-worker"]).await.listening().await
    }

    /// Starts a process that only sends mails.
    pub async fn work(&self) -> Instance {
        self.start(&["worker"]).await.working().await
    }

    /// Starts a process and does not wait for anything.
    pub async fn start(&self, arguments: &[&str]) -> Instance {
        Instance::start(self.command(arguments.iter().copied()), &self.secrets)
    }

    /// The first admin, logged in.
    pub async fn admin(&self, instance: &Instance) -> User {
        let (email, password) = match self.database {
            Database::Sqlite | Database::Postgres => self.admin_credentials(),
            Database::Memory => instance.first_admin().expect("a practice in memory prints its first admin"),
        };
        User::log_in(instance, &email, &password).await
    }

    fn admin_credentials(&self) -> (String, String) {
        (ADMIN.to_owned(), strong_password(0))
    }

    /// A new client, logged in.
    pub async fn client(&self, instance: &Instance, first_name: &str, last_name: &str) -> User {
        self.client_in(instance, first_name, last_name, None).await
    }

    /// A new client who lives in this time zone, logged in.
    pub async fn client_in(&self, instance: &Instance, first: &str, last: &str, timezone: Option<&str>) -> User {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        let (name, password) = (format!("canary.mailbox.{number}"), strong_password(number));
        for word in [first, last, &name, &password] {
            self.secrets.add(word);
        }
        let email = format!("{name}@clients.example.org");
        let mut body = json!({"email": email, "password": password, "first_name": first, "last_name": last});
        if let Some(timezone) = timezone {
            body["timezone"] = timezone.into();
        }
        instance.post("/api/auth/register", body).await.expect(201);
        User::log_in(instance, &email, &password).await
    }

    /// So many new clients, logged in.
    pub async fn clients(&self, instance: &Instance, count: usize) -> Vec<User> {
        let mut people = Vec::new();
        for _ in 0..count {
            people.push(self.client(instance, "Wilhelmina", "Featherstone").await);
        }
        people
    }
}
