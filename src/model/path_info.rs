//! What a Nix store knows of a store path.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::StorePath;

/// SHA-256 of a path's NAR, its serialisation (Nix manual, "Nix Archive (NAR) format").
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NarHash([u8; 32]);

/// A text that is no SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a SHA-256 of 64 hexadecimal digits")]
pub struct NarHashError(String);

impl NarHash {
    /// The hash with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits, with or without `sha256:` before them: the daemon protocol
    /// has them without, the store's database with.
    ///
    /// # Errors
    /// [`NarHashError`] quotes the text when it is anything else.
    pub fn read(text: &str) -> Result<Self, NarHashError> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let pairs = digits.chunks_exact(2);
        let bytes: Option<Vec<u8>> = pairs
            .map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?))
            .collect();
        let bytes = bytes.filter(|_| digits.len() == 64);
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| NarHashError(text.to_owned()))
    }
}

/// Digits of nix32: without those that would spell words.
const NIX32: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

impl NarHash {
    /// 52 digits of nix32, the last bits first (Nix manual, "Nix32 encoding").
    #[must_use]
    pub fn nix32(&self) -> String {
        let digit = |number: usize| {
            let (at, shift) = (number * 5 / 8, number * 5 % 8);
            let next = self.0.get(at + 1).copied().unwrap_or_default();
            let bits = u16::from_le_bytes([self.0[at], next]) >> shift;
            char::from(NIX32[usize::from(bits & 31)])
        };
        (0..52).rev().map(digit).collect()
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for NarHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for NarHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A valid path of a store, with what another store has to know to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// The path.
    pub path: StorePath,
    /// The derivation that made it, if the store knows.
    pub deriver: Option<StorePath>,
    /// Hash of its NAR.
    pub nar_hash: NarHash,
    /// Size of its NAR in bytes.
    pub nar_size: u64,
    /// The paths it refers to; itself may be among them.
    pub references: BTreeSet<StorePath>,
    /// Signatures, each `key-name:base64`.
    pub signatures: Vec<String>,
    /// How its name follows from its content (`fixed:r:sha256:…`), where it does.
    pub content_address: Option<String>,
}

impl PathInfo {
    /// What a signature of the path vouches for: its name, its content, and what it refers to.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let references = self.references.iter().map(StorePath::as_str);
        let references: Vec<&str> = references.collect();
        let (path, hash) = (&self.path, self.nar_hash.nix32());
        let (size, references) = (self.nar_size, references.join(","));
        format!("1;{path};sha256:{hash};{size};{references}")
    }

    /// What must be in a store before this path can be: its references but itself.
    pub fn needs(&self) -> impl Iterator<Item = &StorePath> {
        self.references.iter().filter(|path| **path != self.path)
    }
}

#[cfg(all(test, feature = "controller"))]
impl PathInfo {
    /// A path for tests, with others that it needs, all by their names.
    pub(crate) fn sample(name: &str, needs: &[&str]) -> Self {
        let path = |name: &str| StorePath::new(format!("/nix/store/{}-{name}", "a".repeat(32)));
        Self {
            path: path(name).expect("tests give good names"),
            deriver: None,
            nar_hash: NarHash::new([0; 32]),
            nar_size: 1,
            references: needs.iter().flat_map(|name| path(name)).collect(),
            signatures: Vec::new(),
            content_address: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_with_and_without_its_kind() {
        let text = "00ff10a9".repeat(8);
        let hash = NarHash::read(&text).unwrap();
        assert_eq!(hash.to_string(), text);
        assert_eq!(NarHash::read(&format!("sha256:{text}")), Ok(hash));
        for bad in [
            "",
            "00",
            &text[1..],
            &format!("{text}0"),
            &text.replace('f', "g"),
        ] {
            assert!(NarHash::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_hash_is_written_in_nix32_as_nix_does() {
        // Of no bytes, as `nix-hash --flat --type sha256 --base32 /dev/null` has it.
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let nix32 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
        assert_eq!(NarHash::read(text).unwrap().nix32(), nix32);
    }
}
