//! What a long run shows on standard error while it lasts, where that is a terminal: how far it is, how fast, and how long it will
//! take. A thread of its own looks at the counters ten times a second; nothing else is slowed.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::lang::grouped;
use crate::tally::Tally;

/// Shorter runs show nothing.
const DELAY: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(100);
/// With and without a known end.
const BOUNDED: &str = "[{bar:20}] {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {msg}, {eta} left";
const UNBOUNDED: &str = "{decimal_bytes}, {decimal_bytes_per_sec}, {msg}";

/// The display of a run's progress; nothing at all where it is not wanted or nobody looks.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// On standard error, if that is a terminal and it `is_wanted`; not yet shown.
    pub fn new(is_wanted: bool) -> Self {
        let shown = is_wanted && io::stderr().is_terminal();
        Self { bar: shown.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden())) }
    }

    /// A writer to the same terminal, which the display makes way for.
    pub fn beside<W: Write>(&self, inner: W, is_terminal: bool) -> Beside<W> {
        Beside { inner, bar: self.bar.clone().filter(|_| is_terminal) }
    }

    /// Shows it, once the run has taken a second, until the result is dropped. `total` is what `tally` will read, in octets.
    pub(super) fn watch(&self, tally: Arc<Tally>, total: Option<u64>) -> Option<Watch> {
        let bar = self.bar.clone()?;
        bar.set_style(ProgressStyle::with_template(if total.is_some() { BOUNDED } else { UNBOUNDED }).ok()?);
        if let Some(total) = total {
            bar.set_length(total);
        }
        let (stop, stopped) = channel::<()>();
        let thread = thread::spawn(move || {
            let mut wait = DELAY;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                if wait == DELAY {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    wait = INTERVAL;
                }
                bar.set_message(message(&tally));
                bar.set_position(tally.octets());
            }
            bar.finish_and_clear();
        });
        Some(Watch { stop: Some(stop), thread: Some(thread) })
    }
}

fn message(tally: &Tally) -> String {
    format!("messages {}, calls {}", grouped(tally.messages()), grouped(tally.calls()))
}

/// A display that lasts as long as this value.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A display that panicked is no reason for the run to fail.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// A writer that takes the display away while it writes.
#[derive(Debug)]
pub struct Beside<W> {
    inner: W,
    bar: Option<ProgressBar>,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.inner.write(bytes)),
            None => self.inner.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid_and_numbers_are_grouped() {
        for template in [BOUNDED, UNBOUNDED] {
            ProgressStyle::with_template(template).unwrap();
        }
        let tally = Tally::default();
        tally.call(12_345);
        assert_eq!(message(&tally), "messages 12,345, calls 1");
    }

    #[test]
    fn nothing_is_watched_where_nobody_looks() {
        assert!(Progress::new(false).watch(Arc::default(), None).is_none());
        let mut out = Progress::default().beside(Vec::new(), true);
        out.write_all(b"report").unwrap();
        assert_eq!(out.inner, b"report");
    }

    #[test]
    fn a_display_ends_with_its_watch() {
        let progress = Progress { bar: Some(ProgressBar::hidden()) };
        let tally = Arc::new(Tally::default());
        drop(progress.watch(Arc::clone(&tally), Some(10)));
        assert!(progress.bar.is_some_and(|bar| bar.is_finished()));
        assert_eq!(Arc::strong_count(&tally), 1);
    }
}
