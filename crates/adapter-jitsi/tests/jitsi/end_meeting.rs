//! Closing rooms: with Prosody, and with servers that misbehave.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use attune_adapter_jitsi::{
    EndMeeting, EndMeetingConfig, EndMeetingError, Secret, ServerChoices, ServerSettings, SetupError,
};
use attune_domain::MeetingRoom;
use attune_ports::{Clock, RoomCloser};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::fixtures::{START, at, private_pem, public, public_pem};
use crate::lua::INSTALL;

const KEY_ID: &str = "attune-end-1";
/// The file with the public key of the links.
const LINKS_KEY_FILE: &str = "43617672c9bf48ce510efbec28f4b7444871f8d088a667bd96247f40a15f3073.pem";
const MUC_DOMAIN: &str = "muc.meet.jitsi";

struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn config(address: SocketAddr) -> EndMeetingConfig {
    EndMeetingConfig {
        url: format!("http://{address}/end-meeting").parse().unwrap(),
        muc_domain: MUC_DOMAIN.to_owned(),
        issuer: "practice".to_owned(),
        audience: "jitsi".to_owned(),
        subject: "meet.example.org".to_owned(),
        key_id: KEY_ID.to_owned(),
        pem: Secret::new(private_pem(0)),
        timeout: EndMeetingConfig::TIMEOUT,
    }
}

fn end_meeting(config: EndMeetingConfig, now: i64) -> EndMeeting {
    EndMeeting::new(config, Arc::new(Fixed(at(now)))).unwrap()
}

fn room(url: &str) -> MeetingRoom {
    MeetingRoom::restore(url.rsplit('/').next().unwrap().to_owned(), url.to_owned()).unwrap()
}

/// A Prosody with the module's double, until it is dropped.
struct Prosody {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prosody {
    /// The rooms exist until they are closed.
    fn start(rooms: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap();
        // The name of the file is the one that the settings for the server state.
        let settings = ServerSettings::new(
            &public("attune-1", ""),
            &ServerChoices {
                host: "meet.example.org".to_owned(),
                end_meeting_key_id: Some(KEY_ID.to_owned()),
                ..ServerChoices::default()
            },
        );
        let settings = settings.unwrap().to_string();
        let mut files = settings.split_whitespace().map(|word| word.trim_end_matches('.'));
        let file = files.find(|word| word.len() == 68 && word.ends_with(".pem") && *word != LINKS_KEY_FILE);
        std::fs::write(format!("{path}/{}", file.expect("the name of the file")), public_pem()).unwrap();
        // Prosody cannot tell which port it was given, so it gets one that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let rooms: String = rooms.iter().map(|room| format!("\"{room}@{MUC_DOMAIN}\"; ")).collect();
        let configuration = format!(
            r#"
            run_as_root = true
            data_path = "{path}"
            pidfile = "{path}/prosody.pid"
            plugin_paths = {{ "{modules}" }}
            modules_enabled = {{ "end_meeting" }}
            modules_disabled = {{ "s2s"; "c2s" }}
            http_ports = {{ {port} }}
            http_interfaces = {{ "127.0.0.1" }}
            https_ports = {{ }}
            http_default_host = "meet.jitsi"
            log = {{ info = "*console" }}
            end_meeting_host = "meet.jitsi"
            end_meeting_keys = "{path}"
            end_meeting_now = {START}
            end_meeting_issuer = "practice"
            end_meeting_audience = "jitsi"
            end_meeting_rooms = {{ {rooms} }}
            VirtualHost "meet.jitsi"
            authentication = "internal_hashed"
            "#,
            modules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/jitsi"),
            port = address.port(),
        );
        std::fs::write(format!("{path}/prosody.cfg.lua"), configuration).unwrap();
        let mut child = Command::new("prosody")
            .args(["--config", &format!("{path}/prosody.cfg.lua"), "-F"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{INSTALL} ({error})"));
        let mut log = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = log.by_ref().map_while(Result::ok).any(|line| line.contains("Serving 'end_meeting'"));
        let prosody = Self { child, address, _folder: folder };
        assert!(ready, "Prosody does not start. {INSTALL}");
        // The pipe has to be read, or Prosody stops when it is full.
        std::thread::spawn(move || log.for_each(drop));
        prosody
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        // Both fail if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn prosody_closes_the_rooms_that_we_name_and_no_others() {
    let (plain, tenant) = ("booking-1-2-3", "[practice]booking-4-5-6");
    let prosody = Prosody::start(&[plain, tenant]);
    let closer = end_meeting(config(prosody.address), START);
    closer.check().await.unwrap();
    let names = [
        ("https://meet.example.org/booking-1-2-3", plain),
        ("https://meet.example.org/practice/booking-4-5-6", tenant),
    ];
    for (url, name) in names {
        assert_eq!(room(url).xmpp_name(), name);
        // The second time, no one is in it.
        for _ in 0..2 {
            closer.close_room(&room(url)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn prosody_refuses_tokens_of_another_time_or_key() {
    let prosody = Prosody::start(&["booking-1-2-3"]);
    let usual = || config(prosody.address);
    let other_key = EndMeetingConfig { pem: Secret::new(private_pem(1)), ..usual() };
    let unknown_key = EndMeetingConfig { key_id: "attune-1".to_owned(), ..usual() };
    let other_issuer = EndMeetingConfig { issuer: "other".to_owned(), ..usual() };
    let other_audience = EndMeetingConfig { audience: "other".to_owned(), ..usual() };
    for (case, config, now) in [
        ("another key", other_key, START),
        ("an unknown key", unknown_key, START),
        ("another issuer", other_issuer, START),
        ("another audience", other_audience, START),
        ("a clock that is ahead", usual(), START + 61),
        ("a clock that is behind", usual(), START - 60),
    ] {
        let error = end_meeting(config, now).check().await.expect_err(case);
        assert!(matches!(error, EndMeetingError::Refused), "{case}: {error}");
    }
    for now in [START - 59, START + 60] {
        end_meeting(usual(), now).check().await.expect("a minute of tolerance");
    }
    let elsewhere = EndMeetingConfig { url: format!("http://{}/end", prosody.address).parse().unwrap(), ..usual() };
    let elsewhere = end_meeting(elsewhere, START);
    let missing = elsewhere.close_room(&room("https://meet.example.org/booking-1-2-3")).await.unwrap_err();
    assert!(missing.to_string().contains("404 Not Found; mod_muc_end_meeting may not be loaded"), "{missing}");
    assert!(elsewhere.check().await.is_err());
}

/// A server that reads each request and gives this response; an empty one means that it never responds.
fn server(response: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for mut connection in listener.incoming().map_while(Result::ok) {
            if response.is_empty() {
                silent.push(connection);
                continue;
            }
            let mut request = [0; 8_192];
            let _ = connection.read(&mut request);
            let _ = write!(connection, "HTTP/1.1 {response}\r\nConnection: close\r\n\r\n");
        }
    });
    address
}

#[tokio::test]
async fn every_other_response_is_an_error() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases: BTreeMap<&str, SocketAddr> = BTreeMap::from([
        (
            "the video server responds with 500 Internal Server Error",
            server("500 Internal Server Error\r\nContent-Length: 0"),
        ),
        (
            "the video server responds with 302 Found",
            server("302 Found\r\nLocation: https://elsewhere.example\r\nContent-Length: 0"),
        ),
        ("the response is not that of mod_muc_end_meeting", server("400 Bad Request\r\nContent-Length: 0")),
        ("the video server responds with 204 No Content", server("204 No Content")),
        ("the video server refuses our token", server("401 Unauthorized\r\nContent-Length: 0")),
        ("the video server is unreachable", closed),
    ]);
    let name = "booking-1-2-3";
    for (message, address) in cases {
        let closer = end_meeting(config(address), START);
        let error = closer.close_room(&room(&format!("https://meet.example.org/{name}"))).await.unwrap_err();
        assert!(error.to_string().starts_with(message), "{message}: {error}");
        let shown = format!("{error:?}");
        assert!(!shown.contains(name) && !shown.contains("Bearer") && !shown.contains("eyJ"), "{shown}");
    }
}

#[tokio::test]
async fn a_server_that_agrees_to_everything_fails_the_check() {
    for response in ["200 OK\r\nContent-Length: 0", "404 Not Found\r\nContent-Length: 0"] {
        let error = end_meeting(config(server(response)), START).check().await.unwrap_err();
        assert!(matches!(error, EndMeetingError::AnotherService), "{response}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_respond_is_not_waited_for() {
    let config = EndMeetingConfig { timeout: Duration::from_millis(100), ..config(server("")) };
    let error =
        end_meeting(config, START).close_room(&room("https://meet.example.org/booking-1-2-3")).await.unwrap_err();
    assert_eq!(error.to_string(), "the video server is unreachable");
}

#[test]
fn wrong_settings_stop_the_start() {
    let usual = || config("127.0.0.1:1".parse().unwrap());
    let refusal = |config| EndMeeting::new(config, Arc::new(Fixed(at(START)))).err().expect("wrong settings");
    let domain = refusal(EndMeetingConfig { muc_domain: "muc meet".to_owned(), ..usual() });
    assert!(matches!(domain, SetupError::Text("domain of the rooms")), "{domain}");
    let key_id = refusal(EndMeetingConfig { key_id: String::new(), ..usual() });
    assert!(matches!(key_id, SetupError::Text("key id")), "{key_id}");
    assert!(matches!(refusal(EndMeetingConfig { pem: Secret::new(public_pem()), ..usual() }), SetupError::PublicKey));
}
