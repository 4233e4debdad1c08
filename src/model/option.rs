//! NixOS options: how they are named, and what makes their values.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Path of a NixOS option, or of something in its value:
/// `services.nginx.virtualHosts."example.org".root`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionPath(Vec<String>);

/// Why a text is no option path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFault {
    /// There is nothing before, between or after its dots.
    Empty,
    /// A `"` that none ends, or with something else than a dot behind it.
    Quote,
    /// A gap of the manual, as in `users.users.<name>`.
    Gap,
    /// A character that must stand in quotes.
    Character(char),
}

impl OptionPath {
    /// Reads a Nix attribute path. In quotes, `\` takes the next character as it is.
    ///
    /// # Errors
    /// [`PathFault`] when the text is none.
    pub fn parse(text: &str) -> Result<Self, PathFault> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let (part, behind) = match rest.strip_prefix('"') {
                Some(inner) => quoted(inner)?,
                None => plain(rest)?,
            };
            parts.push(part);
            match behind.strip_prefix('.') {
                Some(further) => rest = further,
                None if behind.is_empty() => return Ok(Self(parts)),
                None => return Err(PathFault::Quote),
            }
        }
    }

    /// The path with these parts.
    #[must_use]
    pub fn of(parts: Vec<String>) -> Self {
        Self(parts)
    }

    /// Its parts, outermost first.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The path of something below it.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let mut parts = self.0.clone();
        parts.push(name.to_owned());
        Self(parts)
    }
}

/// A part in quotes, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), PathFault> {
    let mut part = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((part, &text[at + 1..])),
            '\\' => part.extend(chars.next().map(|(_, c)| c)),
            c => part.push(c),
        }
    }
    Err(PathFault::Quote)
}

/// A part without quotes, and what follows it.
fn plain(text: &str) -> Result<(String, &str), PathFault> {
    let end = text.find('.').unwrap_or(text.len());
    let part = &text[..end];
    match part.chars().find(|c| !is_plain(*c)) {
        _ if part.is_empty() => Err(PathFault::Empty),
        Some('<' | '>' | '*') => Err(PathFault::Gap),
        Some('"') => Err(PathFault::Quote),
        Some(c) => Err(PathFault::Character(c)),
        None => Ok((part.to_owned(), &text[end..])),
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-'".contains(c)
}

impl fmt::Display for OptionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            if !part.is_empty() && part.chars().all(is_plain) {
                f.write_str(part)?;
            } else {
                let escaped = part.replace('\\', "\\\\").replace('"', "\\\"");
                write!(f, "\"{escaped}\"")?;
            }
        }
        Ok(())
    }
}

/// What there is at an option path of a host.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Explained {
    /// An option.
    Option(ExplainedOption),
    /// A set of options.
    Set {
        /// What can be asked for in it.
        children: Vec<String>,
    },
    /// Nothing.
    Unknown {
        /// The part of the path that is there no more.
        unknown: String,
        /// Paths that are there.
        suggestions: Vec<String>,
    },
}

/// An option of a host, with what made its value. Values are Nix as people write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainedOption {
    /// Its path.
    pub option: String,
    /// What may be set.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The layers, weakest first.
    pub layers: Vec<Layer>,
    /// The value it has; nothing where it has none.
    pub value: Option<String>,
}

/// What one layer makes of an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name.
    pub layer: String,
    /// Whether the option has a value with it and all below it.
    pub set: bool,
    /// That value.
    pub value: Option<String>,
    /// What it says itself, and where.
    #[serde(default)]
    pub definitions: Vec<Definition>,
    /// Whether the value is another one than below.
    pub changed: bool,
}

/// A place that says something of an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The file, with its line where it is known.
    pub file: String,
    /// What it says; nothing where that cannot be shown.
    pub value: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, PathFault> {
        OptionPath::parse(text).map(|path| path.0)
    }

    #[test]
    fn paths_are_read_as_nix_reads_them() {
        for (text, parts) in [
            ("services", &["services"][..]),
            ("boot.kernel.sysctl", &["boot", "kernel", "sysctl"]),
            (
                "virtualHosts.\"example.org\".root",
                &["virtualHosts", "example.org", "root"],
            ),
            ("\"a\\\"b\".\"\"", &["a\"b", ""]),
            ("a.\"net.ipv4\"", &["a", "net.ipv4"]),
        ] {
            assert_eq!(read(text).unwrap(), parts, "{text}");
            assert_eq!(OptionPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_path_is_told() {
        for (text, fault) in [
            ("", PathFault::Empty),
            ("a..b", PathFault::Empty),
            ("a.", PathFault::Empty),
            ("\"a", PathFault::Quote),
            ("\"a\"b", PathFault::Quote),
            ("a\"b\"", PathFault::Quote),
            ("users.<name>.shell", PathFault::Gap),
            ("users.*.shell", PathFault::Gap),
            ("a b", PathFault::Character(' ')),
            ("a/b", PathFault::Character('/')),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
    }
}
