//! Receives store paths: stands before the host's Nix daemon and expands what is sent to it.
//!
//! The daemon answers the controller itself, over this process's output. What arrives damaged
//! is cut short, which the daemon refuses; it checks the hash of everything else.

use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::mpsc;
use std::thread;

use thiserror::Error;

use crate::archive::Unpacker;
use crate::wire::daemon::{end_frames, frame_header};
use crate::wire::receive::{Record, RecordError, take};

/// Bytes read at a time.
const CHUNK: usize = 256 * 1024;

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
    /// The daemon takes no more, or the controller's bytes cannot be read.
    #[error("the bytes of the controller could not be passed on")]
    Io(#[source] io::Error),
}

/// Passes on what `input` sends to a daemon that was started, until either ends.
pub(super) fn receive(
    mut daemon: Child,
    mut input: impl Read + Send + 'static,
) -> Result<(), ReceiveError> {
    let into = daemon.stdin.take();
    let (tell, told) = mpsc::channel();
    // Not joined: when the daemon ends by itself, this thread still waits for the controller.
    thread::spawn(move || {
        let Some(into) = into else { return };
        let mut expander = Expander::new(into);
        let passed = pass(&mut input, &mut expander);
        // Told before the daemon sees the end of its input.
        let _ = tell.send(passed);
    });
    let status = daemon.wait().map_err(ReceiveError::Daemon)?;
    told.try_recv().unwrap_or(Err(ReceiveError::Ended(status)))
}

/// Until the controller closes its end.
fn pass<W: Write>(input: &mut impl Read, expander: &mut Expander<W>) -> Result<(), ReceiveError> {
    let mut bytes: Vec<u8> = Vec::with_capacity(CHUNK);
    loop {
        let mut done = 0;
        while let Some((record, length)) = take(&bytes[done..])? {
            expander.expand(record).map_err(ReceiveError::Io)?;
            done += length;
        }
        bytes.drain(..done);
        let length = bytes.len();
        bytes.resize(length + CHUNK, 0);
        let count = match input.read(&mut bytes[length..]) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => return Err(ReceiveError::Io(error)),
        };
        bytes.truncate(length + count);
    }
}

/// Turns records into what a daemon reads.
struct Expander<W> {
    out: W,
    /// Of the NAR that is under way.
    unpacker: Option<Unpacker>,
    /// The rest of this NAR is dropped.
    is_damaged: bool,
}

impl<W: Write> Expander<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            unpacker: None,
            is_damaged: false,
        }
    }

    fn expand(&mut self, record: Record<'_>) -> io::Result<()> {
        match record {
            Record::Plain(bytes) => self.out.write_all(bytes),
            Record::Packed(bytes) => self.unpack(bytes),
            Record::End => {
                self.unpacker = None;
                self.is_damaged = false;
                self.out.write_all(&end_frames())
            }
        }
    }

    fn unpack(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_damaged {
            return Ok(());
        }
        let unpacker = match &mut self.unpacker {
            Some(unpacker) => unpacker,
            None => self.unpacker.insert(Unpacker::new()?),
        };
        // Whether it is the daemon that failed, and not the stream.
        let mut failed = None;
        let out = &mut self.out;
        let mut frame = |bytes: &[u8]| {
            let written = out
                .write_all(&frame_header(bytes.len()))
                .and_then(|()| out.write_all(bytes));
            written.inspect_err(|error| failed = Some(error.kind()))
        };
        let unpacked = unpacker.unpack(bytes, &mut frame);
        match (unpacked, failed) {
            (Ok(()), _) => Ok(()),
            (Err(error), Some(_)) => Err(error),
            (Err(_), None) => {
                self.is_damaged = true;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Packer;

    fn packed(bytes: &[u8]) -> Vec<u8> {
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
