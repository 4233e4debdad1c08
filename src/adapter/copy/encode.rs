//! Turns a path of the workstation's store into what is sent: the question to take it, and its
//! NAR in frames.

use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::archive::Dump;
use crate::model::{NarHash, PathInfo};
use crate::wire::daemon::{Question, end_frames, frame_header};

/// Bytes of a NAR in a frame.
const FRAME: usize = 256 * 1024;

/// Reads one path, a chunk at a time.
pub(super) struct Encoder {
    info: Arc<PathInfo>,
    dump: Dump,
    hash: Sha256,
    read: u64,
    has_begun: bool,
}

/// A piece of what is sent for a path.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    /// Set with the last chunk.
    pub(super) end: Option<End>,
}

/// How reading a path ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is what the store's database says.
    Whole,
    /// It is not, and the host will refuse it.
    Damaged(String),
}

impl Encoder {
    pub(super) fn new(info: Arc<PathInfo>) -> Self {
        Self {
            dump: Dump::of(info.path.as_path()),
            info,
            hash: Sha256::new(),
            read: 0,
            has_begun: false,
        }
    }

    /// The next chunk. Reads files: not for a thread that others wait for.
    pub(super) fn next(&mut self) -> Chunk {
        let room = usize::try_from(self.info.nar_size - self.read.min(self.info.nar_size));
        let mut out = Vec::with_capacity(room.unwrap_or(FRAME).min(FRAME) + 1024);
        if !self.has_begun {
            self.has_begun = true;
            let question = Question::Add {
                info: &self.info,
                check_signatures: false,
            };
            question.put(&mut out);
        }
        let header = out.len();
        out.extend_from_slice(&frame_header(0));
        let start = out.len();
        let filled = self.dump.fill(&mut out, start + FRAME);
        let length = out.len() - start;
        self.hash.update(&out[start..]);
        self.read += length as u64;
        let end = match filled {
            Ok(true) if self.read <= self.info.nar_size => None,
            Ok(_) => Some(self.judge()),
            Err(error) => {
                let cause = std::error::Error::source(&error);
                let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
                Some(End::Damaged(format!("{error}{cause}")))
            }
        };
        match length {
            // An empty frame would be the last.
            0 => out.truncate(header),
            _ => out[header..start].copy_from_slice(&frame_header(length)),
        }
        if end.is_some() {
            out.extend_from_slice(&end_frames());
        }
        Chunk {
            bytes: out.into(),
            end,
        }
    }

    fn judge(&mut self) -> End {
        let found = NarHash::new(std::mem::take(&mut self.hash).finalize().into());
        let info = &self.info;
        if self.read == info.nar_size && found == info.nar_hash {
            return End::Whole;
        }
        End::Damaged(format!(
            "it is not what the store's database says: {} bytes with the hash {found}, not {} with {}",
            self.read, info.nar_size, info.nar_hash
        ))
    }
}
