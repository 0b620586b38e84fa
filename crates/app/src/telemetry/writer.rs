//! Where lines of the log go: to the standard error stream, many at a time.
//!
//! A line is written for each request, and writing one alone takes a tenth of what a quick request takes. So lines are
//! gathered for a moment and written together. A warning or an error takes all lines before it along and is written at
//! once: it may be the last thing that this process says.

use std::io::{self, Stderr, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others at most.
const GATHERING: Duration = Duration::from_millis(50);

/// So many bytes do not wait any longer.
const ENOUGH: usize = 32 * 1024;

/// The stream, and what waits for it.
pub(super) struct Gathered<W> {
    stream: W,
    waiting: Vec<u8>,
}

impl<W: Write> Gathered<W> {
    /// Writes everything that waits. A stream that is closed takes nothing, and there is nobody to tell.
    fn write_out(&mut self) {
        let _ = self.stream.write_all(&self.waiting).and_then(|()| self.stream.flush());
        self.waiting.clear();
    }
}

/// Makes a writer for each line.
pub(super) struct Lines<W = Stderr> {
    gathered: Arc<Mutex<Gathered<W>>>,
    /// Rings when a first line begins to wait.
    waker: SyncSender<()>,
}

/// Writes what still waits when the process ends.
pub(crate) struct LastLines(Arc<Mutex<Gathered<Stderr>>>);

impl Drop for LastLines {
    fn drop(&mut self) {
        hold(&self.0).write_out();
    }
}

/// Starts the thread that writes what waits.
pub(super) fn gather() -> io::Result<(Lines, LastLines)> {
    let (lines, rung) = Lines::new(io::stderr());
    let gathered = Arc::clone(&lines.gathered);
    thread::Builder::new().name("attune-log".to_owned()).spawn(move || keep_writing(&gathered, &rung, GATHERING))?;
    let last = LastLines(Arc::clone(&lines.gathered));
    Ok((lines, last))
}

fn keep_writing<W: Write>(gathered: &Mutex<Gathered<W>>, rung: &Receiver<()>, gathering: Duration) {
    while rung.recv().is_ok() {
        thread::sleep(gathering);
        hold(gathered).write_out();
    }
}

fn hold<W>(gathered: &Mutex<Gathered<W>>) -> MutexGuard<'_, Gathered<W>> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Write> Lines<W> {
    fn new(stream: W) -> (Self, Receiver<()>) {
        let (waker, rung) = sync_channel(1);
        let gathered = Arc::new(Mutex::new(Gathered { stream, waiting: Vec::new() }));
        (Self { gathered, waker }, rung)
    }
}

impl<'a, W: Write + 'a> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { lines: self, hurries: true }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        Line { lines: self, hurries: *meta.level() <= Level::WARN }
    }
}

/// Takes one line.
pub(super) struct Line<'a, W> {
    lines: &'a Lines<W>,
    /// Whether it must not wait.
    hurries: bool,
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut gathered = hold(&self.lines.gathered);
        let first = gathered.waiting.is_empty();
        gathered.waiting.extend_from_slice(line);
        if self.hurries || gathered.waiting.len() >= ENOUGH {
            gathered.write_out();
        } else if first {
            // A waker that rings already is heard for this line, too.
            let _ = self.lines.waker.try_send(());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        hold(&self.lines.gathered).write_out();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
