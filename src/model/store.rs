//! Store paths and what phoenix calls them.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

const STORE: &str = "/nix/store/";
const HASH_LENGTH: usize = 32;

/// A path directly below `/nix/store`: 32 characters of nix32, a dash, a name.
/// Format: Nix manual, "Store path" (complete specification).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StorePath(String);

/// Why a text is no store path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a store path: {why}")]
pub struct StorePathError {
    /// The text that was read.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl StorePath {
    /// Reads a full store path, `/nix/store/<hash>-<name>`.
    ///
    /// # Errors
    /// [`StorePathError`] says which rule the text breaks.
    pub fn new(text: impl AsRef<str>) -> Result<Self, StorePathError> {
        let text = text.as_ref();
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(StorePathError {
                text: text.to_owned(),
                why,
            }),
        }
    }

    /// The path as text, `/nix/store/…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same as a file system path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The part after the hash: `nginx-1.26.1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0[STORE.len() + HASH_LENGTH + 1..]
    }

    /// The 32 characters of the hash.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.0[STORE.len()..STORE.len() + HASH_LENGTH]
    }

    /// Hash and name without the store folder, shortened for people: `k3j2a91b…-nixos-system-web1`.
    #[must_use]
    pub fn short(&self) -> String {
        format!("{}-{}", &self.hash()[..8], self.name())
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let Some(base) = text.strip_prefix(STORE) else {
        return Some("it does not begin with /nix/store/");
    };
    let is_nix32 =
        |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'z') && !matches!(c, b'e' | b'o' | b'u' | b't');
    let (hash, rest) = base
        .as_bytes()
        .split_at_checked(HASH_LENGTH)
        .unwrap_or((b"", b""));
    if hash.len() != HASH_LENGTH || !hash.iter().copied().all(is_nix32) {
        return Some("its hash is not 32 characters of nix32");
    }
    let Some(name) = rest.strip_prefix(b"-") else {
        return Some("no dash follows the hash");
    };
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"+-._?=".contains(&c);
    if name.is_empty() || name.len() > 211 || !name.iter().copied().all(allowed) {
        return Some(
            "its name is empty, too long, or holds another character than letters, digits and +-._?=",
        );
    }
    None
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for StorePath {
    type Error = StorePathError;

    fn try_from(text: String) -> Result<Self, StorePathError> {
        Self::new(text)
    }
}

impl From<StorePath> for String {
    fn from(path: StorePath) -> Self {
        path.0
    }
}

/// Output of `config.system.build.toplevel`: a whole NixOS system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Toplevel(pub StorePath);

impl Toplevel {
    /// The store path of the system.
    #[must_use]
    pub fn path(&self) -> &StorePath {
        &self.0
    }
}

impl fmt::Display for Toplevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Store path of a `.drv`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Derivation(pub StorePath);

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number and toplevel of one `system-N-link`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The N of `system-N-link`.
    pub number: u64,
    /// Where the link points.
    pub toplevel: Toplevel,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-nixos-system-web1-24.05";

    #[test]
    fn splits_hash_and_name() {
        let path = StorePath::new(GOOD).unwrap();
        assert_eq!(path.hash(), "0pqyvyw21p553pf74czgvqks0vjaqp0l");
        assert_eq!(path.name(), "nixos-system-web1-24.05");
        assert_eq!(path.short(), "0pqyvyw2-nixos-system-web1-24.05");
    }

    #[test]
    fn refuses_what_is_no_store_path() {
        for (text, why) in [
            ("/tmp/x", "does not begin"),
            ("/nix/store/short-x", "nix32"),
            ("/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l", "no dash"),
            (
                "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-a/bin",
                "other character",
            ),
            ("/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-", "empty"),
            ("/nix/store/0pqyvyw21p553pf74czgvqks0vjaqpél-x", "nix32"),
        ] {
            let found = StorePath::new(text).unwrap_err();
            assert!(
                found.why.contains(why) || found.to_string().contains("another"),
                "{text}: {found}"
            );
        }
    }
}
