//! The pipes through which bytes reach the daemon.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ChildStdin;

use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice};

/// Room of a pipe: the most that Linux grants to everybody.
const PIPE: usize = 1 << 20;

/// Gives a pipe more room: what has room in it need not be waited for. Less is only slower.
pub(super) fn widen(pipe: &impl AsFd) {
    let _ = fcntl_setpipe_size(pipe, PIPE);
}

/// What the daemon reads from.
pub(super) trait Sink: Write {
    /// Takes up to so many bytes right out of a pipe that has some; `None` where they have to be
    /// read and written.
    fn take(&mut self, from: BorrowedFd<'_>, most: usize) -> io::Result<Option<usize>>;
}

impl Sink for ChildStdin {
    fn take(&mut self, from: BorrowedFd<'_>, most: usize) -> io::Result<Option<usize>> {
        moved(from, self, most)
    }
}

// The memory itself changes pipes: nothing is copied.
fn moved(from: BorrowedFd<'_>, to: &impl AsFd, most: usize) -> io::Result<Option<usize>> {
    loop {
        match splice(from, None, to, None, most, SpliceFlags::empty()) {
            Ok(count) => return Ok(Some(count)),
            Err(Errno::INTR) => {}
            // It is no pipe.
            Err(Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
impl Sink for io::PipeWriter {
    fn take(&mut self, from: BorrowedFd<'_>, most: usize) -> io::Result<Option<usize>> {
        moved(from, self, most)
    }
}

#[cfg(test)]
impl Sink for Vec<u8> {
    fn take(&mut self, _: BorrowedFd<'_>, _: usize) -> io::Result<Option<usize>> {
        Ok(None)
    }
}
