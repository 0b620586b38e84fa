use tracing::{info, subscriber, warn};

use super::*;

/// What was written, and in how many writes.
#[derive(Clone, Default)]
struct Stream(Arc<Mutex<(String, usize)>>);

impl Stream {
    fn written(&self) -> (String, usize) {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap();
        written.0.push_str(str::from_utf8(bytes).unwrap());
        written.1 += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The buffer and the wake-ups after `log`.
fn logged(stream: &Stream, log: impl FnOnce()) -> (Arc<Mutex<Buffer<Stream>>>, Receiver<()>) {
    let (writer, woken) = BufferedWriter::new(stream.clone());
    let buffer = Arc::clone(&writer.buffer);
    let plain = tracing_subscriber::fmt().without_time().with_target(false).with_level(false).with_ansi(false);
    subscriber::with_default(plain.with_writer(writer).finish(), log);
    (buffer, woken)
}

#[test]
fn lines_are_written_together() {
    let stream = Stream::default();
    let (buffer, woken) = logged(&stream, || {
        info!("one");
        info!("two");
    });
    assert_eq!(stream.written(), (String::new(), 0), "both are buffered");
    assert!(woken.try_recv().is_ok() && woken.try_recv().is_err(), "woken once");
    lock(&buffer).flush();
    assert_eq!(stream.written(), ("one\ntwo\n".to_owned(), 1));
}

#[test]
fn a_warning_is_written_at_once_after_earlier_lines() {
    let stream = Stream::default();
    logged(&stream, || {
        info!("one");
        warn!("two");
        assert_eq!(stream.written(), ("one\ntwo\n".to_owned(), 1));
        info!("three");
    });
    assert_eq!(stream.written().1, 1, "the third is buffered");
}

#[test]
fn the_buffer_is_bounded() {
    let stream = Stream::default();
    let text = "x".repeat(1_000);
    logged(&stream, || (0..100).for_each(|_| info!("{text}")));
    let (text, writes) = stream.written();
    assert!(text.len() > 90 * 1_000 && (2..10).contains(&writes), "{} bytes in {writes} writes", text.len());
}

#[test]
fn the_thread_flushes_the_buffer_and_ends_with_the_last_writer() {
    let stream = Stream::default();
    let (buffer, woken) = logged(&stream, || info!("one"));
    keep_flushing(&buffer, &woken, Duration::ZERO);
    assert_eq!(stream.written(), ("one\n".to_owned(), 1));
}
