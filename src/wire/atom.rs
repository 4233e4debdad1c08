//! The atoms that NARs and the Nix daemon protocol are made of: integers of eight bytes, least
//! significant first, and strings with their length before them and zeros up to the next
//! multiple of eight after them.
//!
//! Source: Nix manual, "Nix Archive (NAR) format"; the daemon protocol uses the same
//! (`src/libutil/serialise.cc` of Nix 2.8 to 2.34).

use thiserror::Error;

/// Bytes of an integer, and what strings are padded to.
const WORD: usize = 8;

/// Longest string that is taken from a peer, in bytes. Nix's messages may quote a builder's log.
const STRING_LIMIT: u64 = 16 << 20;

/// Most items of a list that are taken from a peer. It is read again from its beginning until it
/// is complete: what may be longer is taken item by item.
const LIST_LIMIT: u64 = 1 << 16;

/// Why bytes cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AtomError {
    /// They end too early: more may come.
    #[error("the message is not complete")]
    Short,
    /// No more bytes could make sense of them.
    #[error("{0}")]
    Malformed(String),
}

/// An error that no more bytes can mend.
pub(super) fn malformed(what: impl Into<String>) -> AtomError {
    AtomError::Malformed(what.into())
}

/// Appends an integer.
pub(super) fn put_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends a yes or no.
pub(super) fn put_flag(out: &mut Vec<u8>, flag: bool) {
    put_number(out, flag.into());
}

/// Appends a string.
pub(super) fn put_string(out: &mut Vec<u8>, string: impl AsRef<[u8]>) {
    let string = string.as_ref();
    put_number(out, string.len() as u64);
    out.extend_from_slice(string);
    out.extend_from_slice(padding(string.len() as u64));
}

/// Appends a list of strings with its length before it. Sets are written in order.
pub(super) fn put_list<'a>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = &'a str>) {
    put_number(out, items.len() as u64);
    for item in items {
        put_string(out, item);
    }
}

/// The zeros that follow `length` bytes.
pub(super) fn padding(length: u64) -> &'static [u8] {
    let over = (length % WORD as u64) as usize;
    &[0; WORD][..(WORD - over) % WORD]
}

/// Reads atoms off the front of bytes that arrived so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taker<'a> {
    rest: &'a [u8],
}

impl<'a> Taker<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not taken.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn number(&mut self) -> Result<u64, AtomError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or(AtomError::Short)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*word))
    }

    pub(super) fn flag(&mut self) -> Result<bool, AtomError> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(malformed(format!("{other} is neither 0 nor 1"))),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], AtomError> {
        let length = self.number()?;
        if length > STRING_LIMIT {
            return Err(malformed(format!(
                "a string of {length} bytes is longer than {STRING_LIMIT}"
            )));
        }
        let zeros = padding(length);
        let (string, rest) = self
            .rest
            .split_at_checked(length as usize)
            .ok_or(AtomError::Short)?;
        let (found, rest) = rest.split_at_checked(zeros.len()).ok_or(AtomError::Short)?;
        if found != zeros {
            return Err(malformed("other bytes than zeros follow a string"));
        }
        self.rest = rest;
        Ok(string)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, AtomError> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
            malformed(format!("`{start}` is not UTF-8"))
        })
    }

    /// A text of which nothing depends on single letters: what is no UTF-8 is replaced.
    pub(super) fn prose(&mut self) -> Result<String, AtomError> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }

    /// A list, each item read by `item`.
    pub(super) fn list<T, C: FromIterator<T>>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, AtomError>,
    ) -> Result<C, AtomError> {
        let count = self.number()?;
        if count > LIST_LIMIT {
            return Err(malformed(format!(
                "a list of {count} items is longer than {LIST_LIMIT}"
            )));
        }
        (0..count).map(|_| item(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_padded_and_read_back() {
        for length in 0..20 {
            let string: Vec<u8> = (1..=length).collect();
            let mut out = Vec::new();
            put_string(&mut out, &string);
            put_number(&mut out, 7);
            assert_eq!(out.len() % WORD, 0);
            let mut taker = Taker::new(&out);
            assert_eq!(taker.bytes().unwrap(), string);
            assert_eq!(taker.number().unwrap(), 7);
            assert!(taker.rest().is_empty());
            for end in 0..out.len() - WORD {
                let found = Taker::new(&out[..end]).bytes();
                assert_eq!(found, Err(AtomError::Short));
            }
        }
    }

    #[test]
    fn what_no_more_bytes_could_mend_is_told_at_once() {
        let mut long = Vec::new();
        put_number(&mut long, u64::MAX);
        assert!(matches!(
            Taker::new(&long).bytes(),
            Err(AtomError::Malformed(_))
        ));
        let many = Taker::new(&long).list::<u64, Vec<u64>>(Taker::number);
        assert!(matches!(many, Err(AtomError::Malformed(_))));
        for (length, most) in [(STRING_LIMIT, true), (STRING_LIMIT + 1, false)] {
            let bytes = length.to_le_bytes();
            let found = Taker::new(&bytes).bytes();
            assert_eq!(found == Err(AtomError::Short), most, "{found:?}");
        }
        for (count, most) in [(LIST_LIMIT, true), (LIST_LIMIT + 1, false)] {
            let found = Taker::new(&count.to_le_bytes()).list::<u64, Vec<u64>>(Taker::number);
            assert_eq!(found == Err(AtomError::Short), most, "{found:?}");
        }
        let mut dirty = Vec::new();
        put_string(&mut dirty, "a");
        *dirty.last_mut().unwrap() = 1;
        assert!(matches!(
            Taker::new(&dirty).bytes(),
            Err(AtomError::Malformed(_))
        ));
    }
}
