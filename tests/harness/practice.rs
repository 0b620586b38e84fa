//! An installation of the product: database, mail server, clock, settings.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use attune_test_postgres::{TestDatabase, TestServer};
use attune_test_smtp::{DecodedMail, ReceivedMail, SmtpSink};
use jiff::SignedDuration;
use serde_json::json;
use tempfile::TempDir;

use crate::instance::Instance;
use crate::process::{Finished, attune, eventually, run};
use crate::secrets::Secrets;
use crate::{Clock, User, strong_password};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
    Memory,
}

#[derive(Debug)]
pub struct Plan {
    database: Database,
    settings: BTreeMap<String, String>,
    secrets: Secrets,
}

impl Plan {
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.to_owned(), value.to_owned());
        self
    }

    /// A setting that no process may print.
    #[must_use]
    pub fn with_secret(self, key: &str, value: &str) -> Self {
        self.secrets.add(value);
        self.with(key, value)
    }

    pub async fn open(self) -> Practice {
        let practice = self.open_without_admin().await;
        if practice.database != Database::Memory {
            let add = ["user", "add", "--email", ADMIN, "--first-name", "Meredith", "--last-name", "Ashdown"];
            // Tests count the emails to clients; those about therapists choose another level.
            let arguments = add.into_iter().chain(["--admin", "--notify", "none", "--password-stdin"]);
            let added = practice.run(arguments, &strong_password(0)).await.good();
            assert!(added.stdout.contains("an admin"), "{}", added.stdout);
        }
        practice
    }

    pub async fn serve(self) -> (Practice, Instance) {
        let practice = self.open().await;
        let app = practice.serve().await;
        (practice, app)
    }

    /// A running practice, its admin, and a client.
    pub async fn serve_client(self) -> (Practice, Instance, User, User) {
        let (practice, app) = self.serve().await;
        let (admin, john) = (practice.admin(&app).await, practice.client(&app, "John", "Doe").await);
        (practice, app, admin, john)
    }

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
        let emails = SmtpSink::start();
        let data = folder.path().join("data").display().to_string();
        let settings = [
            ("http.bind", "127.0.0.1:0"),
            ("data_dir", &data),
            ("database.url", &url),
            ("auth.secret", AUTH_SECRET),
            ("auth.first_admin_email", if self.database == Database::Memory { ADMIN } else { "" }),
            ("practice.timezone", "Europe/Berlin"),
            // Most tests book at any time of the day.
            ("practice.default_opens", "00:00"),
            ("practice.default_closes", "24:00"),
            ("jitsi.base_url", "https://meet.example.org"),
            ("payments.provider", "none"),
            ("mail.transport", "smtp"),
            ("mail.smtp_url", &emails.url()),
            ("limits.enabled", "false"),
            // The most verbose log, so that leaked secrets show.
            ("log.level", "debug"),
            ("log.format", "json"),
            ("testing.clock_file", clock.path().to_str().unwrap()),
        ];
        let mut all: BTreeMap<String, String> =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        all.extend(self.settings);
        for word in [AUTH_SECRET, "Meredith", "Ashdown", "therapist.ashdown", &strong_password(0)] {
            self.secrets.add(word);
        }
        Practice {
            database: self.database,
            settings: all,
            clock,
            emails,
            secrets: self.secrets,
            people: AtomicUsize::new(1),
            folder,
            postgres,
        }
    }
}

const ADMIN: &str = "therapist.ashdown@practice.example.org";
pub const AUTH_SECRET: &str = "4b8c1de79a7f4e0c8b6fd2a91c53e7f0";

pub struct Practice {
    database: Database,
    settings: BTreeMap<String, String>,
    pub clock: Clock,
    pub emails: SmtpSink,
    pub(crate) secrets: Secrets,
    people: AtomicUsize,
    folder: TempDir,
    postgres: Option<TestDatabase>,
}

impl Practice {
    pub fn on(database: Database) -> Plan {
        Plan { database, settings: BTreeMap::new(), secrets: Secrets::default() }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// No process may print this text.
    pub fn keep_secret(&self, text: &str) {
        self.secrets.add(text);
    }

    /// Secrets and personal data of this practice that are in the text.
    pub fn personal_data_in(&self, text: &str) -> Vec<String> {
        self.secrets.found_in(text)
    }

    /// The contents of the database as text; equal texts mean that nothing was written in between.
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

    /// Runs statements in the database, which has to be PostgreSQL.
    pub async fn run_sql(&self, statements: &str) {
        let database = self.postgres.as_ref().expect("a practice on PostgreSQL");
        database.connect().await.batch_execute(statements).await.unwrap();
    }

    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = attune(arguments);
        command.current_dir(self.folder.path());
        for (key, value) in &self.settings {
            command.env(format!("ATTUNE__{}", key.to_uppercase().replace('.', "__")), value);
        }
        command
    }

    pub async fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>, input: &str) -> Finished {
        run(self.command(arguments), input).await
    }

    /// Changes a setting for the instances that are started from now on.
    pub fn set(&mut self, key: &str, value: &str) {
        self.settings.insert(key.to_owned(), value.to_owned());
    }

    pub async fn serve(&self) -> Instance {
        self.start(&["serve"]).await.listening().await
    }

    pub async fn serve_without_worker(&self) -> Instance {
        self.start(&["serve", "--no-worker"]).await.listening().await
    }

    pub async fn work(&self) -> Instance {
        self.start(&["worker"]).await.working().await
    }

    pub async fn start(&self, arguments: &[&str]) -> Instance {
        Instance::start(self.command(arguments.iter().copied()), &self.secrets)
    }

    pub async fn admin(&self, instance: &Instance) -> User {
        let (email, password) = match self.database {
            Database::Sqlite | Database::Postgres => (ADMIN.to_owned(), strong_password(0)),
            Database::Memory => instance.first_admin().expect("a practice in memory prints its first admin"),
        };
        User::log_in(instance, &email, &password).await
    }

    pub async fn client(&self, instance: &Instance, first_name: &str, last_name: &str) -> User {
        self.client_in(instance, first_name, last_name, None).await
    }

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

    /// Emails that satisfy the condition, as soon as there are this many.
    /// Waits until so many emails have arrived, hour by hour: a recipient gets ten announcements in an hour.
    pub async fn emails_in_hours(&self, count: usize) -> Vec<ReceivedMail> {
        loop {
            let arrived = self.emails.messages();
            if arrived.len() >= count {
                return arrived;
            }
            self.clock.advance(SignedDuration::from_hours(1));
            self.emails.wait_for(count.min(arrived.len() + 5), Duration::from_secs(60)).await;
        }
    }

    pub async fn emails_where(&self, count: usize, condition: impl Fn(&DecodedMail) -> bool) -> Vec<DecodedMail> {
        eventually(&format!("{count} such emails"), async || {
            let all = self.emails.messages().into_iter().map(|email| email.decode());
            let found: Vec<DecodedMail> = all.filter(&condition).collect();
            (found.len() >= count).then_some(found)
        })
        .await
    }

    pub async fn clients(&self, instance: &Instance, count: usize) -> Vec<User> {
        let mut people = Vec::new();
        for _ in 0..count {
            people.push(self.client(instance, "Wilhelmina", "Featherstone").await);
        }
        people
    }
}
