use tracing::{info, subscriber, warn};

use super::*;

/// What reached the stream, and how often it was written to.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<(String, usize)>>);

impl Stream {
    fn seen(&self) -> (String, usize) {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.0.lock().unwrap();
        seen.0.push_str(str::from_utf8(bytes).unwrap());
        seen.1 += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs something, and gives what waits and the waker.
fn logged(stream: &Stream, log: impl FnOnce()) -> (Arc<Mutex<Gathered<Stream>>>, Receiver<()>) {
    let (lines, rung) = Lines::new(stream.clone());
    let gathered = Arc::clone(&lines.gathered);
    let plain = tracing_subscriber::fmt().without_time().with_target(false).with_level(false).with_ansi(false);
    subscriber::with_default(plain.with_writer(lines).finish(), log);
    (gathered, rung)
}

#[test]
fn lines_are_written_together() {
    let stream = Stream::default();
    let (gathered, rung) = logged(&stream, || {
        info!("one");
        info!("two");
    });
    assert_eq!(stream.seen(), (String::new(), 0), "they wait");
    assert!(rung.try_recv().is_ok() && rung.try_recv().is_err(), "rung once");
    hold(&gathered).write_out();
    assert_eq!(stream.seen(), ("one\ntwo\n".to_owned(), 1));
}

#[test]
fn a_warning_is_written_at_once_behind_all_that_came_before() {
    let stream = Stream::default();
    logged(&stream, || {
        info!("one");
        warn!("two");
        assert_eq!(stream.seen(), ("one\ntwo\n".to_owned(), 1));
        info!("three");
    });
    assert_eq!(stream.seen().1, 1, "the third waits");
}

#[test]
fn what_waits_does_not_grow_without_end() {
    let stream = Stream::default();
    let text = "x".repeat(1_000);
    logged(&stream, || (0..100).for_each(|_| info!("{text}")));
    let (seen, times) = stream.seen();
    assert!(seen.len() > 90 * 1_000 && (2..10).contains(&times), "{} bytes in {times} parts", seen.len());
}

#[test]
fn the_thread_writes_what_waits_and_ends_with_the_last_writer() {
    let stream = Stream::default();
    let (gathered, rung) = logged(&stream, || info!("one"));
    keep_writing(&gathered, &rung, Duration::ZERO);
    assert_eq!(stream.seen(), ("one\n".to_owned(), 1));
}
