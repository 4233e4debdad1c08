//! What a client asks.

use super::VERSION;
use crate::model::{PathInfo, StorePath};
use crate::wire::atom::{put_flag, put_list, put_number, put_string};

/// What a client says first.
const CLIENT_MAGIC: u64 = 0x6e69_7863;

/// The operations, by their numbers in `worker-protocol.hh`.
mod operation {
    pub(super) const IS_VALID_PATH: u64 = 1;
    pub(super) const ADD_TEMP_ROOT: u64 = 11;
    pub(super) const QUERY_PATH_INFO: u64 = 26;
    pub(super) const QUERY_VALID_PATHS: u64 = 31;
    pub(super) const ADD_TO_STORE_NAR: u64 = 39;
}

/// An operation of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Is this path in the store? The cheapest question there is.
    IsValid(&'a StorePath),
    /// Keep this path for as long as the conversation lives, also if it comes only later.
    Protect(&'a StorePath),
    /// Which of these paths are in the store?
    Valid {
        /// The paths.
        paths: &'a [&'a StorePath],
        /// Whether the daemon shall first fetch those it lacks from its binary caches.
        substitute: bool,
    },
    /// What is known of this path?
    Info(&'a StorePath),
    /// Take this path. Its NAR follows in frames, see [`frame_header`] and [`end_frames`].
    /// Every path it needs must be in the store by the time the daemon gets to it. A path that
    /// is there already is read and dropped.
    Add {
        /// The path.
        info: &'a PathInfo,
        /// Whether its signatures count. The daemon asks for them all the same where it does
        /// not trust the client.
        check_signatures: bool,
    },
}

impl Question<'_> {
    /// Appends its bytes.
    pub fn put(self, out: &mut Vec<u8>) {
        match self {
            Self::IsValid(path) => {
                put_number(out, operation::IS_VALID_PATH);
                put_string(out, path.as_str());
            }
            Self::Protect(path) => {
                put_number(out, operation::ADD_TEMP_ROOT);
                put_string(out, path.as_str());
            }
            Self::Valid { paths, substitute } => {
                put_number(out, operation::QUERY_VALID_PATHS);
                put_list(out, paths.iter().map(|path| path.as_str()));
                put_flag(out, substitute);
            }
            Self::Info(path) => {
                put_number(out, operation::QUERY_PATH_INFO);
                put_string(out, path.as_str());
            }
            Self::Add {
                info,
                check_signatures,
            } => {
                put_number(out, operation::ADD_TO_STORE_NAR);
                put_info(out, info);
                // Not to be put in place of a path that is there.
                put_flag(out, false);
                put_flag(out, !check_signatures);
            }
        }
    }
}

fn put_info(out: &mut Vec<u8>, info: &PathInfo) {
    put_string(out, info.path.as_str());
    put_string(out, info.deriver.as_ref().map_or("", StorePath::as_str));
    put_string(out, info.nar_hash.to_string());
    put_list(out, info.references.iter().map(StorePath::as_str));
    // The time of registration, which is the daemon's own affair.
    put_number(out, 0);
    put_number(out, info.nar_size);
    // Whether the path was built where it goes to: never.
    put_flag(out, false);
    put_list(out, info.signatures.iter().map(String::as_str));
    put_string(out, info.content_address.as_deref().unwrap_or_default());
}

/// The greeting, complete with what comes after the daemon's: it depends on nothing.
pub(super) fn put_greeting(out: &mut Vec<u8>) {
    put_number(out, CLIENT_MAGIC);
    put_number(out, VERSION);
    // Neither a processor to run on nor space to reserve: both are obsolete.
    put_number(out, 0);
    put_number(out, 0);
}

/// What stands before the bytes of a frame. The daemon reads a frame into memory at once:
/// frames of 32 to 256 KiB are right.
#[must_use]
pub fn frame_header(length: usize) -> [u8; 8] {
    (length as u64).to_le_bytes()
}

/// Comes after the last frame. Frames that end before the NAR does make the daemon refuse the
/// path and go on with the next question.
#[must_use]
pub fn end_frames() -> [u8; 8] {
    [0; 8]
}
