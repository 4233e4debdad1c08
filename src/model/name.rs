//! Names a person gives: hosts, tags and health gates.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Key of a host in fleet.toml, and its attribute under `nixosConfigurations`.
///
/// Letters, digits, `-`, `_` and `.`, starting with a letter, digit or `_`, at most 63
/// characters: what DNS labels, Nix attributes and file names all accept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// A word that groups hosts; selected with `@tag`. Same alphabet as [`HostName`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

/// Name of a health gate. Same alphabet as [`HostName`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GateName(String);

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a name may not be empty")]
    Empty,
    /// The text is longer than 63 characters.
    #[error("`{0}` is longer than 63 characters")]
    TooLong(String),
    /// A character outside the alphabet, or a first character that is not allowed there.
    #[error("`{text}` may not hold `{found}` there; use letters, digits, `-`, `_` and `.`")]
    Character {
        /// The whole text.
        text: String,
        /// The character at fault.
        found: char,
    },
}

fn parse(text: &str) -> Result<String, NameError> {
    let first = text.chars().next().ok_or(NameError::Empty)?;
    if text.chars().count() > 63 {
        return Err(NameError::TooLong(text.to_owned()));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let wrong = if first.is_ascii_alphanumeric() || first == '_' {
        text.chars().find(|c| !allowed(*c))
    } else {
        Some(first)
    };
    match wrong {
        Some(found) => Err(NameError::Character {
            text: text.to_owned(),
            found,
        }),
        None => Ok(text.to_owned()),
    }
}

macro_rules! name {
    ($type:ident) => {
        impl $type {
            /// Reads a name.
            ///
            /// # Errors
            /// [`NameError`] when the text is empty, too long or holds another character.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                parse(text.as_ref()).map(Self)
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }
    };
}

name!(HostName);
name!(GateName);
name!(Tag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_dns_and_nix_accept() {
        for text in ["web1", "_x", "a.b-c_d", "9"] {
            assert_eq!(HostName::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_the_rest_and_says_which_character() {
        assert_eq!(HostName::new(""), Err(NameError::Empty));
        assert_eq!(
            HostName::new("a/b"),
            Err(NameError::Character {
                text: "a/b".into(),
                found: '/'
            })
        );
        assert_eq!(
            HostName::new("-a"),
            Err(NameError::Character {
                text: "-a".into(),
                found: '-'
            })
        );
        assert!(matches!(
            HostName::new("x".repeat(64)),
            Err(NameError::TooLong(_))
        ));
    }
}
