use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use tokio::time::advance;

use super::*;

type Frames = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// A store whose content a test sets, and which counts how often it is read.
#[derive(Default)]
struct Source {
    version: AtomicUsize,
    readings: AtomicUsize,
    days: Mutex<Vec<Day>>,
    ended: Mutex<Vec<LoginSessionId>>,
    is_unavailable: Mutex<bool>,
}

impl Source {
    fn check(&self) -> Result<(), StoreError> {
        self.readings.fetch_add(1, Ordering::Relaxed);
        if *self.is_unavailable.lock().unwrap() { Err(StoreError::Unavailable("cause".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl LiveSource for Arc<Source> {
    async fn versions(&self, days: &[Day]) -> Result<Vec<Version>, StoreError> {
        self.check()?;
        *self.days.lock().unwrap() = days.to_vec();
        let version = self.version.load(Ordering::Relaxed) as u64;
        Ok(days.iter().map(|day| Version(day.therapist.get().unsigned_abs() * 0x100 + version)).collect())
    }

    async fn admitted(&self, sessions: &[LoginSessionId]) -> Result<Vec<LoginSessionId>, StoreError> {
        self.check()?;
        let ended = self.ended.lock().unwrap();
        Ok(sessions.iter().filter(|session| !ended.contains(session)).copied().collect())
    }
}

/// Streams over a store.
struct Pages {
    source: Arc<Source>,
    live: Arc<Live>,
    stop: watch::Sender<bool>,
}

impl Pages {
    fn new() -> Self {
        let source = Arc::new(Source::default());
        let live = Arc::new(Live::new(Box::new(source.clone())));
        let (stop, stopped) = watch::channel(false);
        let running = live.clone();
        tokio::spawn(async move { running.run(stopped).await });
        Self { source, live, stop }
    }

    fn try_open(&self, session: i64, therapist: i64, version: Option<u64>) -> Result<Frames, Problem> {
        let (session, day) = (LoginSessionId::new(session).unwrap(), day(therapist));
        self.live.open(session, day, version.map(Version)).map(|frames| Box::pin(frames) as Frames)
    }

    /// A stream whose beginning was read.
    fn open(&self, session: i64, therapist: i64, version: Option<u64>) -> Frames {
        let mut frames = self.try_open(session, therapist, version).unwrap();
        assert_eq!(now(&mut frames).as_deref(), Some(BEGINNING));
        frames
    }

    fn change(&self) {
        self.source.version.fetch_add(1, Ordering::Relaxed);
    }

    fn readings(&self) -> usize {
        self.source.readings.load(Ordering::Relaxed)
    }
}

fn day(therapist: i64) -> Day {
    let at = |second| Timestamp::from_second(second).unwrap();
    Day { therapist: UserId::new(therapist).unwrap(), from: at(0), until: at(86_400) }
}

fn changed(version: u64) -> String {
    format!("event: changed\nid: {version:016x}\ndata:\n\n")
}

/// The frame that has arrived.
fn now(frames: &mut Frames) -> Option<String> {
    let frame = frames.next().now_or_never()?;
    Some(frame.map_or_else(|| "the end".to_owned(), |frame| String::from_utf8(frame.unwrap().to_vec()).unwrap()))
}

/// Lets the loop read the store once more.
async fn reading() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    advance(POLL_INTERVAL).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_learns_of_every_version_that_it_does_not_show() {
    let pages = Pages::new();
    let (mut current, mut old, mut unknown) =
        (pages.open(1, 1, Some(0x100)), pages.open(1, 1, Some(0xff)), pages.open(1, 2, None));
    reading().await;
    for (frames, expected) in
        [(&mut current, None), (&mut old, Some(changed(0x100))), (&mut unknown, Some(changed(0x200)))]
    {
        assert_eq!(now(frames), expected);
    }
    for round in 1..4 {
        pages.change();
        reading().await;
        for (frames, therapist) in [(&mut current, 0x100), (&mut old, 0x100), (&mut unknown, 0x200)] {
            assert_eq!(now(frames), Some(changed(therapist + round)));
            assert_eq!(now(frames), None);
        }
    }
    pages.change();
    reading().await;
    pages.change();
    reading().await;
    assert_eq!(
        (now(&mut old), now(&mut old)),
        (Some(changed(0x105)), None),
        "a slow reader gets the last version only"
    );
}

#[tokio::test(start_paused = true)]
async fn any_number_of_pages_is_one_reading() {
    let pages = Pages::new();
    reading().await;
    assert_eq!(pages.readings(), 0, "without an open page, the store is not read");
    let open: Vec<Frames> = (0..100).map(|number| pages.open(1 + number / 4, 1 + number % 2, None)).collect();
    reading().await;
    for _ in 0..3 {
        let before = pages.readings();
        reading().await;
        assert_eq!(pages.readings() - before, 2, "the days and the login sessions");
        assert_eq!(*pages.source.days.lock().unwrap(), [day(1), day(2)]);
    }
    drop(open);
    reading().await;
    let last = pages.readings();
    reading().await;
    assert_eq!(pages.readings(), last, "no page is open any longer");
    let mut again = pages.open(1, 1, None);
    reading().await;
    assert_eq!(now(&mut again), Some(changed(0x100)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_login_session_or_the_process() {
    let pages = Pages::new();
    let (mut first, mut second) = (pages.open(1, 1, Some(0x100)), pages.open(2, 1, Some(0x100)));
    reading().await;
    pages.source.ended.lock().unwrap().push(LoginSessionId::new(1).unwrap());
    reading().await;
    assert_eq!((now(&mut first).as_deref(), now(&mut second)), (Some("the end"), None));
    pages.stop.send(true).unwrap();
    tokio::task::yield_now().await;
    assert_eq!(now(&mut second).as_deref(), Some("the end"));
    let refused = pages.try_open(2, 1, None).err().unwrap();
    assert_eq!((refused.code, refused.retry_after), (Code::Overloaded, Some(RETRY_AFTER)));
}

#[tokio::test(start_paused = true)]
async fn streams_stay_open_while_the_store_is_unavailable() {
    let pages = Pages::new();
    let mut frames = pages.open(1, 1, Some(0x100));
    *pages.source.is_unavailable.lock().unwrap() = true;
    pages.change();
    reading().await;
    assert_eq!(now(&mut frames), None);
    *pages.source.is_unavailable.lock().unwrap() = false;
    reading().await;
    assert_eq!(now(&mut frames), Some(changed(0x101)));
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_has_a_heartbeat() {
    let pages = Pages::new();
    let mut frames = pages.open(1, 1, Some(0x100));
    for _ in 0..3 {
        advance(HEARTBEAT_INTERVAL - Duration::from_millis(1)).await;
        assert_eq!(now(&mut frames), None);
        advance(Duration::from_millis(1)).await;
        assert_eq!(now(&mut frames).as_deref(), Some(HEARTBEAT));
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_session_and_the_process_have_so_many_streams() {
    let pages = Pages::new();
    let mut open: Vec<Frames> = (0..MAX_PER_LOGIN_SESSION).map(|_| pages.open(1, 1, Some(0x100))).collect();
    open.push(pages.open(1, 1, Some(0x100)));
    assert_eq!(now(&mut open[0]).as_deref(), Some("event: replaced\ndata:\n\n"), "the oldest");
    assert_eq!(now(&mut open[0]).as_deref(), Some("the end"));
    assert!(open[1..].iter_mut().all(|frames| now(frames).is_none()));
    drop(open.remove(0));
    let mut session = 2;
    while open.len() < MAX_PER_PROCESS {
        open.push(pages.open(session, 1, Some(0x100)));
        session += 1;
    }
    assert_eq!(pages.try_open(session, 1, None).err().unwrap().code, Code::Overloaded);
    open.pop();
    drop(pages.open(session, 1, None));
}

#[test]
fn a_version_is_read_as_it_was_written() {
    for version in [Version(0), Version(0xff), Version(u64::MAX)] {
        assert_eq!(Version::parse(&version.to_string()), Some(version));
    }
    for text in ["", "x", "10000000000000000"] {
        assert_eq!(Version::parse(text), None, "{text:?}");
    }
}
