//! Reads `nix --version`.

use std::fmt;

/// Version of a Nix, Lix or Determinate Nix, by Nix's own count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// `2` of `2.26.3`.
    pub major: u32,
    /// `26` of `2.26.3`.
    pub minor: u32,
    /// As Nix wrote it: `nix (Nix) 2.26.3`.
    pub text: String,
}

impl Version {
    /// Reads the one line that `nix --version` prints. `None` when it holds no version.
    ///
    /// Forms seen: `nix (Nix) 2.8.0`, `nix (Nix) 2.26.3+1`, `nix (Nix) 2.30pre20250521_76a4d4c`,
    /// `nix (Lix, like Nix) 2.91.1`, `nix (Determinate Nix 3.11.2) 2.31.1`.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let text = line.trim();
        let number = text.split_whitespace().next_back()?;
        let mut parts = number.split('.').map(leading_number);
        Some(Self {
            major: parts.next()??,
            minor: parts.next()??,
            text: text.to_owned(),
        })
    }

    /// Whether it is this version or a later one.
    #[must_use]
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_flavour() {
        for (line, major, minor) in [
            ("nix (Nix) 2.8.0\n", 2, 8),
            ("nix (Nix) 2.26.3+1", 2, 26),
            ("nix (Nix) 2.30pre20250521_76a4d4c", 2, 30),
            ("nix (Lix, like Nix) 2.91", 2, 91),
            ("nix (Determinate Nix 3.11.2) 2.35", 2, 35),
            ("nix (Nix) 3.0pre", 3, 0),
        ] {
            let version = Version::parse(line).unwrap();
            assert_eq!((version.major, version.minor), (major, minor), "{line}");
        }
        for line in ["", "nix", "command not found", "nix (Nix)", "nix 2"] {
            assert_eq!(Version::parse(line), None, "{line}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        let version = Version::parse("nix (Nix) 2.8.0").unwrap();
        assert!(version.is_at_least(2, 4) && version.is_at_least(2, 8));
        assert!(!version.is_at_least(2, 26) && !version.is_at_least(3, 0));
    }
}
