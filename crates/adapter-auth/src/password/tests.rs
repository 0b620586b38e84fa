use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::*;

/// As little work as Argon2 allows.
const WEAK: HasherConfig = HasherConfig { threads: 1, queue: 64, memory_kib: 8, iterations: 1 };

/// Different bytes for each call, the same in each run.
#[derive(Default)]
struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, Ordering::SeqCst));
    }
}

fn hasher(config: HasherConfig) -> ArgonHasher {
    ArgonHasher::start(config, Arc::new(Counting::default())).unwrap()
}

fn password(typed: &str) -> Password {
    Password::new(typed.to_owned())
}

const RIGHT: PasswordCheck = PasswordCheck { matches: true, outdated: false };
const WRONG: PasswordCheck = PasswordCheck { matches: false, outdated: false };

#[tokio::test]
async fn default_parameters_and_the_phc_format() {
    let hasher = hasher(HasherConfig { threads: 1, ..HasherConfig::default() });
    let hash = hasher.hash(&password("correct horse battery staple")).await.unwrap();
    let parts: Vec<&str> = hash.as_str().split('$').collect();
    assert_eq!(parts[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
    assert_eq!(parts[4], "AAAAAAAAAAAAAAAAAAAAAA", "the salt is what the random source gave");
    assert_eq!((parts[5].len(), parts.len()), (43, 6), "32 bytes without padding");
    assert_eq!(hasher.verify(&password("correct horse battery staple"), Some(&hash)).await.unwrap(), RIGHT);
    assert_eq!(hasher.verify(&password("correct horse battery stapl"), Some(&hash)).await.unwrap(), WRONG);
}

/// From the tests of the reference implementation (P-H-C/phc-winner-argon2, `src/test.c`).
#[tokio::test]
async fn hashes_of_the_reference_implementation_are_accepted() {
    let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let hash = PasswordHash::new(hash.to_owned());
    let hasher = hasher(WEAK);
    let verified = hasher.verify(&password("password"), Some(&hash)).await.unwrap();
    assert_eq!(verified, PasswordCheck { matches: true, outdated: true }, "outdated, because its salt is short");
    assert!(!hasher.verify(&password("Password"), Some(&hash)).await.unwrap().matches);
    let again = hasher.hash(&password("x")).await.unwrap();
    assert_eq!(hasher.verify(&password("x"), Some(&again)).await.unwrap(), RIGHT, "small hashes work in grown memory");
}

#[tokio::test]
async fn passwords_differ_in_every_byte_of_their_normalised_form() {
    let hasher = hasher(WEAK);
    let long = "ä".repeat(64);
    let typed = ["", " ", " a", "a", "a ", "A", "a\0", "a\0b", "\u{e9}", "e\u{301}", "🦀 emoji", &long, &long[2..]];
    for one in typed {
        let hash = hasher.hash(&password(one)).await.unwrap();
        for other in typed {
            let verified = hasher.verify(&password(other), Some(&hash)).await.unwrap();
            let same = one == other || [one, other].iter().all(|text| ["\u{e9}", "e\u{301}"].contains(text));
            assert_eq!(verified.matches, same, "{one:?} and {other:?}");
        }
    }
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let hasher = hasher(WEAK);
    let (one, two) = (hasher.hash(&password("same")).await.unwrap(), hasher.hash(&password("same")).await.unwrap());
    assert_ne!(one.as_str(), two.as_str());
}

#[tokio::test]
async fn no_password_matches_without_a_hash() {
    let hasher = hasher(WEAK);
    for typed in ["", "anything"] {
        assert_eq!(hasher.verify(&password(typed), None).await.unwrap(), WRONG);
    }
}

#[tokio::test]
async fn weaker_parameters_are_outdated_and_stronger_ones_are_not() {
    let stored = HasherConfig { memory_kib: 32, iterations: 2, ..WEAK };
    let hash = hasher(stored).hash(&password("pass")).await.unwrap();
    for (memory_kib, iterations, outdated) in
        [(32, 2, false), (16, 1, false), (33, 2, true), (32, 3, true), (16, 3, true), (64, 1, true)]
    {
        let today = hasher(HasherConfig { memory_kib, iterations, ..WEAK });
        let verified = today.verify(&password("pass"), Some(&hash)).await.unwrap();
        assert_eq!(verified, PasswordCheck { matches: true, outdated }, "configured m={memory_kib}, t={iterations}");
    }
}

/// A hash of "pass" by another program, with 64 KiB and one pass.
fn foreign(lanes: u32, salt_bytes: usize, output_bytes: usize) -> PasswordHash {
    let (salt, mut output) = (vec![3; salt_bytes], vec![0; output_bytes]);
    let params = Params::new(64, 1, lanes, Some(output_bytes)).unwrap();
    Argon2::from(params).hash_password_into(b"pass", &salt, &mut output).unwrap();
    let (salt, output) = (Salt::new(&salt).unwrap(), Output::new(&output).unwrap());
    PasswordHash::new(format!("$argon2id$v=19$m=64,t=1,p={lanes}${salt}${output}"))
}

#[tokio::test]
async fn other_lanes_salts_and_lengths_are_accepted_and_short_ones_are_outdated() {
    let hasher = hasher(WEAK);
    for (lanes, salt_bytes, output_bytes, outdated) in
        [(1, 16, 32, false), (4, 16, 32, false), (1, 32, 64, false), (1, 15, 32, true), (1, 16, 31, true)]
    {
        let hash = foreign(lanes, salt_bytes, output_bytes);
        let verified = hasher.verify(&password("pass"), Some(&hash)).await.unwrap();
        assert_eq!(verified, PasswordCheck { matches: true, outdated }, "{lanes} lanes, {salt_bytes}, {output_bytes}");
        assert!(!hasher.verify(&password("Pass"), Some(&hash)).await.unwrap().matches);
    }
}

#[tokio::test]
async fn unsupported_and_damaged_hashes_are_refused_without_work() {
    let hasher = hasher(WEAK);
    let (salt, output) = ("AAAAAAAAAAAAAAAAAAAAAA", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
    let good = format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}");
    assert!(hasher.verify(&password("x"), Some(&PasswordHash::new(good))).await.is_ok(), "the pattern is right");
    for bad in [
        String::new(),
        "plain text".to_owned(),
        "$2b$12$abcdefghijklmnopqrstuuOt4Yd8Yw3E3ZcX1XhCk4Yx0Y6XQ7K1m".to_owned(),
        format!("$argon2i$v=19$m=8,t=1,p=1${salt}${output}"),
        format!("$argon2d$v=19$m=8,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=16$m=8,t=1,p=1${salt}${output}"),
        format!("$argon2id$m=8,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=65537,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=4294967295,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=11,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=65536,t=1,p=5${salt}${output}"),
        format!("$argon2id$v=19$m=65536,t=1,p=16777215${salt}${output}"),
        format!("$argon2id$v=19$m=7,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=0,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=1,p=0${salt}${output}"),
        format!("$argon2id$v=19$m=-8,t=1,p=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=1,p=1,x=1${salt}${output}"),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt}"),
        "$argon2id$v=19$m=8,t=1,p=1".to_owned(),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}$more"),
        format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}="),
        format!("$argon2id$v=19$m=8,t=1,p=1$AAAA${output}"),
    ] {
        let result = hasher.verify(&password("hunter2"), Some(&PasswordHash::new(bad.clone()))).await;
        let Err(HashError::Failed(cause)) = result else { panic!("{bad} gave {result:?}") };
        let mut messages = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            messages.push_str(&error.to_string());
            source = error.source();
        }
        assert!(!messages.contains("hunter2") && !messages.contains(output), "{messages}");
    }
}

#[tokio::test]
async fn a_changed_hash_never_matches() {
    let hasher = hasher(WEAK);
    let hash = hasher.hash(&password("pass")).await.unwrap().as_str().to_owned();
    for (at, before) in hash.char_indices() {
        for after in ['A', 'b', '7', '$', '+'].into_iter().filter(|c| *c != before) {
            let mut changed = hash.clone();
            changed.replace_range(at..=at, &after.to_string());
            let result = hasher.verify(&password("pass"), Some(&PasswordHash::new(changed.clone()))).await;
            assert!(!result.is_ok_and(|v| v.matches), "{changed}");
        }
    }
}

#[tokio::test]
async fn passwords_are_refused_only_while_the_queue_is_full() {
    let hasher = hasher(HasherConfig { queue: 1, ..WEAK });
    let hash = hasher.hash(&password("pass")).await.unwrap();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let occupied = hasher.threads.run(move |_| {
        started.send(()).unwrap();
        let _ = released.recv();
    });
    let waits = async {
        has_started.recv().unwrap();
        let fills_the_queue = hasher.threads.run(|_| ());
        let others = async {
            assert!(matches!(hasher.hash(&password("pass")).await, Err(HashError::Busy)));
            assert!(matches!(hasher.verify(&password("pass"), Some(&hash)).await, Err(HashError::Busy)));
            // An unknown account waits in the same queue, because it is the same work.
            assert!(matches!(hasher.verify(&password("pass"), None).await, Err(HashError::Busy)));
            assert_eq!(hasher.activity(), HasherActivity { waiting: 1, refused: 3 });
            drop(release);
        };
        let (filled, ()) = tokio::join!(biased; fills_the_queue, others);
        filled.unwrap();
    };
    // A job that got in although the queue was full would wait for ever; rather fail.
    let all = async { tokio::join!(biased; occupied, waits) };
    let (occupied, ()) = tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    occupied.unwrap();
    assert_eq!(hasher.verify(&password("pass"), Some(&hash)).await.unwrap(), RIGHT);
}

#[tokio::test]
async fn every_password_of_a_flood_gets_a_result() {
    let hasher = Arc::new(hasher(HasherConfig { threads: 2, queue: 32, memory_kib: 64, iterations: 1 }));
    let hash = hasher.hash(&password("pass")).await.unwrap();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (hasher, hash) = (Arc::clone(&hasher), hash.clone());
        logins.spawn(async move { hasher.verify(&password("pass"), Some(&hash)).await });
    }
    let (mut served, mut busy) = (0, 0);
    while let Some(login) = logins.join_next().await {
        match login.unwrap() {
            Ok(verified) => {
                assert_eq!(verified, RIGHT);
                served += 1;
            }
            Err(HashError::Busy) => busy += 1,
            Err(HashError::Failed(cause)) => panic!("{cause}"),
        }
    }
    assert_eq!(served + busy, 200);
    assert!(served >= 32, "at least the queue is served, not only {served}");
}

#[test]
fn settings_out_of_bounds_are_named() {
    for (config, setting) in [
        (HasherConfig { threads: 0, ..WEAK }, "threads"),
        (HasherConfig { queue: 0, ..WEAK }, "queue"),
        (HasherConfig { memory_kib: 7, ..WEAK }, "memory_kib"),
        (HasherConfig { memory_kib: 65_537, ..WEAK }, "memory_kib"),
        (HasherConfig { iterations: 0, ..WEAK }, "iterations"),
        (HasherConfig { iterations: 11, ..WEAK }, "iterations"),
    ] {
        let error = ArgonHasher::start(config, Arc::new(Counting::default())).err();
        assert!(matches!(error, Some(HasherError::OutOfBounds(named)) if named == setting), "{config:?}: {error:?}");
    }
}

#[test]
fn the_default_leaves_cores_free() {
    let config = HasherConfig::default();
    let cores = thread::available_parallelism().unwrap().get();
    assert!(config.threads >= 1 && config.threads <= cores.max(2) / 2);
    assert_eq!((config.queue, config.memory_kib, config.iterations), (32, 19_456, 2));
}
