//! What the controller sends to `phoenix-agent receive`, which stands before the host's Nix
//! daemon: records that it expands into what the daemon reads. What the daemon answers goes
//! back as it is.
//!
//! A record is a byte that says what it is, the length of its content in four bytes (least
//! significant first), and the content.

use std::borrow::Cow;
use std::time::Duration;

use thiserror::Error;

/// A controller that is silent for longer while it copies is gone: its link was cut, or its
/// machine is. The daemon holds a lock on the path that is under way, and nobody else could
/// bring it.
pub const SILENCE: Duration = Duration::from_secs(20);

/// Longest content of a record, in bytes.
pub const RECORD_LIMIT: usize = 1 << 20;

/// Bytes before a record's content.
pub const HEADER: usize = 5;

const AFTER: u8 = 3;

/// The highest kind.
const LAST: u8 = 5;

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// Goes to the daemon as it is.
    Plain(&'a [u8]),
    /// A part of a NAR, packed with zstd (RFC 8878). The daemon gets it unpacked and in frames.
    Packed(&'a [u8]),
    /// What is packed next is a stream of its own, and begins as if this part of another path's
    /// NAR had come before it.
    After {
        /// The other path, which the host has.
        path: &'a [u8],
        /// Where in its NAR the part begins.
        offset: u64,
        /// The part's length.
        length: u64,
    },
    /// The NAR is complete; the daemon is told that its frames end.
    End,
    /// The controller is there, and has nothing to send just now.
    Alive,
    /// The controller will say nothing for as long as it likes: all is sent, and what was
    /// received shall stay protected.
    Rest,
}

/// Bytes that are no record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Nobody knows such a record.
    #[error("{0} is no kind of record")]
    Kind(u8),
    /// It names no part of a path.
    #[error("a record is too short for the part of a path")]
    Part,
    /// It is longer than any.
    #[error("a record of {0} bytes is longer than {RECORD_LIMIT}")]
    Length(usize),
}

impl Record<'_> {
    fn parts(&self) -> (u8, Cow<'_, [u8]>) {
        match self {
            Self::Plain(bytes) => (0, Cow::Borrowed(bytes)),
            Self::Packed(bytes) => (1, Cow::Borrowed(bytes)),
            Self::End => (2, Cow::Borrowed(&[])),
            Self::Alive => (4, Cow::Borrowed(&[])),
            Self::Rest => (5, Cow::Borrowed(&[])),
            Self::After {
                path,
                offset,
                length,
            } => {
                let content = [&offset.to_le_bytes()[..], &length.to_le_bytes(), path].concat();
                (3, Cow::Owned(content))
            }
        }
    }

    /// Appends the record's bytes.
    ///
    /// # Panics
    /// When the content is longer than [`RECORD_LIMIT`].
    pub fn put(&self, out: &mut Vec<u8>) {
        let (kind, content) = self.parts();
        assert!(content.len() <= RECORD_LIMIT, "records are cut before");
        out.push(kind);
        out.extend_from_slice(&(content.len() as u32).to_le_bytes());
        out.extend_from_slice(&content);
    }
}

/// Begins a plain record whose content is written after it, and ended with [`close`].
#[must_use]
pub fn open(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; HEADER]);
    out.len()
}

/// Ends a plain record that was begun with [`open`].
pub fn close(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u32;
    out[start - HEADER + 1..start].copy_from_slice(&length.to_le_bytes());
}

/// The length of the next record's content, once its header is there.
#[must_use]
pub fn length(bytes: &[u8]) -> Option<usize> {
    let &[_, a, b, c, d] = bytes.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, d]) as usize)
}

/// The same if it is a plain record, which need not be there as a whole to be passed on.
#[must_use]
pub fn plain(bytes: &[u8]) -> Option<usize> {
    length(bytes).filter(|_| bytes.first() == Some(&0))
}

/// Takes the record at the beginning of `bytes`, and says how long it is; `None` when more
/// bytes are needed.
///
/// # Errors
/// [`RecordError`] when no more bytes could make it one.
pub fn take(bytes: &[u8]) -> Result<Option<(Record<'_>, usize)>, RecordError> {
    let Some((&[kind, a, b, c, d], rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if kind > LAST {
        return Err(RecordError::Kind(kind));
    }
    if length > RECORD_LIMIT {
        return Err(RecordError::Length(length));
    }
    let Some(content) = rest.get(..length) else {
        return Ok(None);
    };
    let record = match kind {
        0 => Record::Plain(content),
        1 => Record::Packed(content),
        2 => Record::End,
        AFTER => after(content)?,
        4 => Record::Alive,
        _ => Record::Rest,
    };
    Ok(Some((record, HEADER + length)))
}

fn after(content: &[u8]) -> Result<Record<'_>, RecordError> {
    let (offset, rest) = content.split_first_chunk().ok_or(RecordError::Part)?;
    let (length, path) = rest.split_first_chunk().ok_or(RecordError::Part)?;
    Ok(Record::After {
        path,
        offset: u64::from_le_bytes(*offset),
        length: u64::from_le_bytes(*length),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_however_they_are_cut() {
        let after = Record::After {
            path: b"/nix/store/x",
            offset: 1 << 40,
            length: 7,
        };
        let records = [
            Record::Plain(b"abc"),
            Record::Packed(b""),
            after,
            Record::End,
            Record::Alive,
            Record::Rest,
        ];
        let mut bytes = Vec::new();
        for record in records {
            record.put(&mut bytes);
        }
        let start = open(&mut bytes);
        bytes.extend_from_slice(b"later");
        close(&mut bytes, start);
        let mut rest = &bytes[..];
        for record in records.into_iter().chain([Record::Plain(b"later")]) {
            let (found, length) = take(rest).unwrap().unwrap();
            assert_eq!(found, record);
            for end in 0..length {
                assert_eq!(take(&rest[..end]), Ok(None));
            }
            rest = &rest[length..];
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn what_is_no_record_is_told_at_once() {
        assert_eq!(take(&[9, 0, 0, 0, 0]), Err(RecordError::Kind(9)));
        assert_eq!(take(&[3, 1, 0, 0, 0, 0]), Err(RecordError::Part));
        let long = take(&[0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(long, Err(RecordError::Length(0xffff_ffff)));
    }
    #[test]
    fn a_record_may_be_as_long_as_the_limit_and_no_longer() {
        let long = vec![7; RECORD_LIMIT];
        for record in [Record::Plain(&long), Record::Packed(&long)] {
            let mut bytes = Vec::new();
            record.put(&mut bytes);
            assert_eq!(take(&bytes), Ok(Some((record, HEADER + RECORD_LIMIT))));
        }
        let [a, b, c, d] = (RECORD_LIMIT as u32 + 1).to_le_bytes();
        for kind in 0..=LAST {
            let header = [kind, a, b, c, d];
            let length = RecordError::Length(RECORD_LIMIT + 1);
            assert_eq!(take(&header), Err(length));
        }
        let next = [LAST + 1, 0, 0, 0, 0];
        assert_eq!(take(&next), Err(RecordError::Kind(LAST + 1)));
    }

    #[test]
    #[should_panic(expected = "records are cut before")]
    fn a_longer_one_is_never_made() {
        Record::Packed(&vec![7; RECORD_LIMIT + 1]).put(&mut Vec::new());
    }

    #[test]
    fn a_part_is_two_numbers_and_a_path() {
        let mut bytes = vec![AFTER, 15, 0, 0, 0];
        bytes.extend_from_slice(&[0; 15]);
        assert_eq!(take(&bytes), Err(RecordError::Part));
        bytes[1] = 16;
        bytes.push(0);
        let nameless = Record::After {
            path: b"",
            offset: 0,
            length: 0,
        };
        assert_eq!(take(&bytes), Ok(Some((nameless, bytes.len()))));
    }

    #[test]
    fn only_a_plain_record_is_known_by_its_header() {
        assert_eq!(plain(&[0, 1, 2, 0, 0]), Some(513));
        assert_eq!(plain(&[0, 1, 2, 0]), None);
        for kind in 1..=LAST {
            assert_eq!(plain(&[kind, 1, 2, 0, 0]), None);
        }
    }
}
