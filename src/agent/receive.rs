//! Receives store paths: stands before the host's Nix daemon and expands what is sent to it.
//!
//! The daemon answers the controller itself, over this process's output. What arrives damaged
//! is cut short, which the daemon refuses; it checks the hash of everything else.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use thiserror::Error;

use self::sink::{Sink, widen};
use crate::archive::{SEGMENT, Unpacker, Window, unpack_after};
use crate::model::StorePath;
use crate::wire::daemon::{end_frames, frame_header};
use crate::wire::receive::{
    HEADER, RECORD_LIMIT, Record, RecordError, SILENCE, length, plain, take,
};

mod sink;

/// Room for the longest record, and more to come after it.
const ROOM: usize = RECORD_LIMIT + 256 * 1024;

/// Bytes that are read of what may be passed on unread.
const LITTLE: usize = 8 * 1024;

/// Most bytes of a packed segment: zstd adds less than this to what it cannot pack.
const PACKED_LIMIT: usize = SEGMENT + SEGMENT / 128;

/// Why nothing more is received.
#[derive(Debug, Error)]
pub(super) enum ReceiveError {
    /// The host's daemon could not be started, or its end be waited for.
    #[error("the host's nix-daemon")]
    Daemon(#[source] io::Error),
    /// It ended by itself.
    #[error("the host's nix-daemon ended: {0}")]
    Ended(ExitStatus),
    /// The controller sent something else.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The controller's connection is dead.
    #[error("the controller said nothing for {} s", SILENCE.as_secs())]
    Silence,
    /// The daemon takes no more, or the controller's bytes cannot be read.
    #[error("the bytes of the controller could not be passed on")]
    Io(#[source] io::Error),
}

/// Passes on what `input` sends to a daemon that was started, until either ends.
pub(super) fn receive(
    mut daemon: Child,
    input: impl AsFd + Send + 'static,
) -> Result<(), ReceiveError> {
    let into = daemon.stdin.take();
    widen(&input);
    if let Some(into) = &into {
        widen(into);
    }
    let (tell, told) = mpsc::channel();
    // Not joined: when the daemon ends by itself, this thread still waits for the controller.
    thread::spawn(move || {
        let Some(into) = into else { return };
        let mut expander = Expander::new(into);
        let passed = pass(&input, &mut expander, SILENCE);
        // Told before the daemon sees the end of its input.
        let _ = tell.send(passed);
    });
    let status = daemon.wait().map_err(ReceiveError::Daemon)?;
    told.try_recv().unwrap_or(Err(ReceiveError::Ended(status)))
}

/// Until the controller closes its end, or says nothing for so long.
fn pass<W: Sink>(
    input: &impl AsFd,
    expander: &mut Expander<W>,
    silence: Duration,
) -> Result<(), ReceiveError> {
    let mut bytes = vec![0; ROOM];
    let (mut from, mut to) = (0, 0);
    // What is still to come of a plain record.
    let mut plainly = 0;
    loop {
        while plainly > 0 || to - from >= HEADER {
            let there = &bytes[from..to];
            let done = if plainly > 0 {
                let part = &there[..plainly.min(there.len())];
                expander.pass(part).map_err(ReceiveError::Io)?;
                plainly -= part.len();
                part.len()
            } else if let Some(length) = plain(there) {
                plainly = length;
                HEADER
            } else if let Some((record, length)) = take(there)? {
                expander.expand(record).map_err(ReceiveError::Io)?;
                length
            } else {
                break;
            };
            from += done;
            if done == 0 {
                break;
            }
        }
        bytes.copy_within(from..to, 0);
        (from, to) = (0, to - from);
        if !expander.rests && !has_more(input, silence)? {
            return Err(ReceiveError::Silence);
        }
        if plainly > 0
            && let Some(count) = expander.take(input.as_fd(), plainly)?
        {
            if count == 0 {
                return Ok(());
            }
            plainly -= count;
            continue;
        }
        let most = bytes.len().min(to + plainly + wanted(&bytes[..to]));
        to += match rustix::io::read(input, &mut bytes[to..most]) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(ReceiveError::Io(error.into())),
        };
    }
}

/// Most bytes to read now: what is missing of a record, and little of what follows, which may
/// be such that need not be read.
fn wanted(there: &[u8]) -> usize {
    let length = length(there).map_or(0, |length| HEADER + length);
    LITTLE + length.saturating_sub(there.len())
}

/// Waits for bytes, or the end of them; false when there is neither for too long.
fn has_more(input: &impl AsFd, silence: Duration) -> Result<bool, ReceiveError> {
    let limit = Timespec::try_from(silence).map_err(|_| ReceiveError::Silence)?;
    let mut waited = [PollFd::new(input, PollFlags::IN)];
    loop {
        match poll(&mut waited, Some(&limit)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(ReceiveError::Io(error.into())),
        }
    }
}

/// Turns records into what a daemon reads.
struct Expander<W> {
    out: W,
    nar: Nar,
    /// The controller may be silent.
    rests: bool,
}

/// The NAR that is under way.
#[derive(Default)]
enum Nar {
    /// None, or nothing of it yet.
    #[default]
    None,
    /// It is a single stream.
    Stream(Box<Unpacker>),
    /// It is packed as what differs from another.
    After(After),
    /// The rest of it is dropped.
    Damaged,
}

/// Segments after parts of another NAR.
struct After {
    path: StorePath,
    window: Window,
    /// The part before the segment that is under way.
    part: (u64, u64),
    packed: Vec<u8>,
}

/// Why a NAR goes no further.
enum Fault {
    /// What arrived cannot be unpacked.
    Damaged,
    /// The daemon takes no more.
    Daemon(io::Error),
}

impl<W: Sink> Expander<W> {
    fn take(&mut self, from: BorrowedFd<'_>, most: usize) -> Result<Option<usize>, ReceiveError> {
        self.rests = false;
        self.out.take(from, most).map_err(ReceiveError::Io)
    }
}

impl<W: Write> Expander<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            nar: Nar::None,
            rests: false,
        }
    }

    /// A part of a plain record.
    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rests = false;
        self.out.write_all(bytes)
    }

    fn expand(&mut self, record: Record<'_>) -> io::Result<()> {
        self.rests = record == Record::Rest;
        let expanded = match record {
            Record::Alive | Record::Rest => return Ok(()),
            Record::Plain(bytes) => return self.pass(bytes),
            Record::Packed(bytes) => self.unpack(bytes),
            Record::After {
                path,
                offset,
                length,
            } => self.after(path, (offset, length)),
            Record::End => {
                let segment = self.segment();
                self.nar = Nar::None;
                return match segment {
                    Err(Fault::Daemon(error)) => Err(error),
                    _ => self.out.write_all(&end_frames()),
                };
            }
        };
        match expanded {
            Ok(()) => Ok(()),
            Err(Fault::Daemon(error)) => Err(error),
            Err(Fault::Damaged) => {
                self.nar = Nar::Damaged;
                Ok(())
            }
        }
    }

    fn unpack(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if let Nar::None = self.nar {
            let unpacker = Unpacker::new().map_err(|_| Fault::Damaged)?;
            self.nar = Nar::Stream(Box::new(unpacker));
        }
        match &mut self.nar {
            Nar::Stream(unpacker) => framed(&mut self.out, |take| unpacker.unpack(bytes, take)),
            Nar::After(after) if after.packed.len() + bytes.len() <= PACKED_LIMIT => {
                after.packed.extend_from_slice(bytes);
                Ok(())
            }
            Nar::After(_) => Err(Fault::Damaged),
            Nar::None | Nar::Damaged => Ok(()),
        }
    }

    /// Begins a segment.
    fn after(&mut self, path: &[u8], part: (u64, u64)) -> Result<(), Fault> {
        self.segment()?;
        let path = std::str::from_utf8(path).map_err(|_| Fault::Damaged)?;
        match &mut self.nar {
            Nar::After(after) if after.path.as_str() == path => after.part = part,
            Nar::None => {
                let path = StorePath::new(path).map_err(|_| Fault::Damaged)?;
                self.nar = Nar::After(After {
                    window: Window::on(path.as_path()),
                    path,
                    part,
                    packed: Vec::new(),
                });
            }
            Nar::Stream(_) | Nar::After(_) => return Err(Fault::Damaged),
            Nar::Damaged => {}
        }
        Ok(())
    }

    /// Ends the segment that is under way, if one is.
    fn segment(&mut self) -> Result<(), Fault> {
        let Nar::After(after) = &mut self.nar else {
            return Ok(());
        };
        if after.packed.is_empty() {
            return Ok(());
        }
        let (offset, length) = after.part;
        let prefix = after.window.slide(offset, length);
        let prefix = prefix.map_err(|_| Fault::Damaged)?;
        let packed = std::mem::take(&mut after.packed);
        framed(&mut self.out, |take| unpack_after(prefix, &packed, take))
    }
}

/// Writes what `unpack` gives in frames.
fn framed(
    out: &mut impl Write,
    unpack: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>,
) -> Result<(), Fault> {
    // Tells the daemon's failure from the stream's.
    let mut failed = false;
    let mut frame = |bytes: &[u8]| {
        let header = frame_header(bytes.len());
        let written = out.write_all(&header).and_then(|()| out.write_all(bytes));
        written.inspect_err(|_| failed = true)
    };
    unpack(&mut frame).map_err(|error| match failed {
        true => Fault::Daemon(error),
        false => Fault::Damaged,
    })
}

#[cfg(test)]
mod passing;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Packer;

    pub(super) fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = Packer::new(3, bytes.len() as u64).unwrap();
        let mut out = Vec::new();
        packer.pack(bytes, &mut out).unwrap();
        packer.finish(&mut out).unwrap();
        out
    }

    fn expand(records: &[Record<'_>]) -> Vec<u8> {
        let mut expander = Expander::new(Vec::new());
        for record in records {
            expander.expand(*record).unwrap();
        }
        expander.out
    }

    #[test]
    fn what_was_packed_arrives_in_frames_and_the_rest_as_it_is() {
        let nar = packed(b"contents");
        let (first, second) = nar.split_at(5);
        let found = expand(&[
            Record::Plain(b"question"),
            Record::Packed(first),
            Record::Packed(second),
            Record::End,
            Record::Packed(&nar),
            Record::End,
        ]);
        let frames = [&frame_header(8)[..], b"contents", &end_frames()].concat();
        assert_eq!(found, [b"question", &frames[..], &frames[..]].concat());
    }

    #[test]
    fn a_damaged_nar_ends_early_and_the_next_is_whole() {
        let nar = packed(b"contents");
        let found = expand(&[
            Record::Packed(b"no such thing"),
            Record::Packed(&nar),
            Record::End,
            Record::Packed(&nar),
            Record::End,
        ]);
        let whole = [&frame_header(8)[..], b"contents", &end_frames()].concat();
        assert_eq!(found, [&end_frames()[..], &whole].concat());
    }
}
