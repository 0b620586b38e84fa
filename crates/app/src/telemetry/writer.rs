//! Writes log lines to the standard error stream, in batches.
//!
//! Every request logs a line, and writing it alone takes a tenth of the time of a fast request. So lines are buffered for
//! a moment and written together. A warning or an error is written at once with all lines before it: it may be the last
//! line of this process.

use std::io::{self, Stderr, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The longest time that a line stays in the buffer.
const FLUSH_INTERVAL: Duration = Duration::from_millis(50);

/// A buffer of this size is written at once.
const FLUSH_BYTES: usize = 32 * 1024;

pub(super) struct Buffer<W> {
    stream: W,
    lines: Vec<u8>,
}

impl<W: Write> Buffer<W> {
    /// A closed stream is ignored: there is no other place to report it.
    fn flush(&mut self) {
        let _ = self.stream.write_all(&self.lines).and_then(|()| self.stream.flush());
        self.lines.clear();
    }
}

pub(super) struct BufferedWriter<W = Stderr> {
    buffer: Arc<Mutex<Buffer<W>>>,
    /// Wakes the flushing thread when a first line is in the buffer.
    waker: SyncSender<()>,
}

/// Writes the rest of the buffer when the process ends.
pub(crate) struct FlushGuard(Arc<Mutex<Buffer<Stderr>>>);

impl Drop for FlushGuard {
    fn drop(&mut self) {
        lock(&self.0).flush();
    }
}

/// Starts the flushing thread.
pub(super) fn start() -> io::Result<(BufferedWriter, FlushGuard)> {
    let (writer, woken) = BufferedWriter::new(io::stderr());
    let buffer = Arc::clone(&writer.buffer);
    thread::Builder::new()
        .name("attune-log".to_owned())
        .spawn(move || keep_flushing(&buffer, &woken, FLUSH_INTERVAL))?;
    let guard = FlushGuard(Arc::clone(&writer.buffer));
    Ok((writer, guard))
}

fn keep_flushing<W: Write>(buffer: &Mutex<Buffer<W>>, woken: &Receiver<()>, interval: Duration) {
    while woken.recv().is_ok() {
        thread::sleep(interval);
        lock(buffer).flush();
    }
}

fn lock<W>(buffer: &Mutex<Buffer<W>>) -> MutexGuard<'_, Buffer<W>> {
    buffer.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write> BufferedWriter<W> {
    fn new(stream: W) -> (Self, Receiver<()>) {
        let (waker, woken) = sync_channel(1);
        let buffer = Arc::new(Mutex::new(Buffer { stream, lines: Vec::new() }));
        (Self { buffer, waker }, woken)
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for BufferedWriter<W> {
    type Writer = LineWriter<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        LineWriter { target: self, urgent: true }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        LineWriter { target: self, urgent: *meta.level() <= Level::WARN }
    }
}

pub(super) struct LineWriter<'a, W> {
    target: &'a BufferedWriter<W>,
    urgent: bool,
}

impl<W: Write> Write for LineWriter<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut buffer = lock(&self.target.buffer);
        let first = buffer.lines.is_empty();
        buffer.lines.extend_from_slice(line);
        if self.urgent || buffer.lines.len() >= FLUSH_BYTES {
            buffer.flush();
        } else if first {
            // A full channel means that the thread is woken already.
            let _ = self.target.waker.try_send(());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        lock(&self.target.buffer).flush();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
