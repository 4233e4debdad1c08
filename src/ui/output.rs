//! The two streams. A reader that went away ends the output quietly, never the run.

use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a result could not be written, as to a full disk.
static LOST: AtomicBool = AtomicBool::new(false);

/// Writes text to standard output as it is.
pub fn out(text: &str) {
    if !is_lost() {
        Sink::stdout().put(text);
    }
}

/// Whether something for standard output was lost, and not because its reader had enough.
#[must_use]
pub fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Writes text to standard error as it is.
pub fn err(text: &str) {
    Sink::stderr().put(text);
}

/// Where a reader of events writes.
pub(super) struct Sink {
    stream: Box<dyn Write + Send>,
    is_closed: bool,
    /// Whether it holds results, which a script must not take for whole when they are not.
    is_result: bool,
}

impl Sink {
    pub(super) fn new(stream: impl Write + Send + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            is_closed: false,
            is_result: false,
        }
    }

    pub(super) fn stdout() -> Self {
        Self {
            is_result: true,
            ..Self::new(io::stdout())
        }
    }

    pub(super) fn stderr() -> Self {
        Self::new(io::stderr())
    }

    /// Writes, and sees to it that it is there at once. After an error nothing more is
    /// written: a deployment goes on when `| head` has seen enough, and when a disk is full.
    pub(super) fn put(&mut self, text: &str) {
        if self.is_closed || text.is_empty() {
            return;
        }
        let written = self
            .stream
            .write_all(text.as_bytes())
            .and_then(|()| self.stream.flush());
        if let Err(error) = written {
            self.is_closed = true;
            if error.kind() != ErrorKind::BrokenPipe {
                LOST.fetch_or(self.is_result, Ordering::Relaxed);
                // Nothing is left to do if standard error is gone, too.
                let _ = writeln!(
                    io::stderr(),
                    "error: output could not be written\n  cause: {error}"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_ends_the_output_quietly() {
        let mut sink = Sink::new(Gone);
        sink.put("one\n");
        assert!(sink.is_closed);
        sink.put("two\n");
    }
}
