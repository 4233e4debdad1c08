//! Splits the name of a store path into package, version and output.
//!
//! Nix keeps none of them: a path is called `<name>` or `<name>-<output>`, where `<name>` is by
//! custom `<pname>-<version>`. `builtins.parseDrvName` ends the package at the first dash that
//! no letter follows; that is wrong for `stage-1-init.sh` and knows nothing of outputs.

/// The parts of a store path's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The package: `openssl`.
    pub package: &'a str,
    /// Its version; `None` for files that a configuration makes.
    pub version: Option<&'a str>,
    /// The output, or what else follows the version in letters: `bin`, `man`, `env`.
    pub output: Option<&'a str>,
}

/// Words that belong to the version that they follow.
const STAGES: [&str; 11] = [
    "alpha", "beta", "dev0", "final", "git", "nightly", "pre", "rc", "snapshot", "stable",
    "unstable",
];

impl<'a> Name<'a> {
    /// Splits the part of a store path behind the hash.
    #[must_use]
    pub fn parse(name: &'a str) -> Self {
        let plain = Self {
            package: name,
            version: None,
            output: None,
        };
        let Some(dash) = version_at(name) else {
            return plain;
        };
        let (package, rest) = (&name[..dash], &name[dash + 1..]);
        let (version, output) = without_output(rest);
        Self {
            package: stem(package),
            version: Some(&name[stem(package).len() + 1..dash + 1 + version.len()]),
            output,
        }
    }
}

/// The dash before the version.
fn version_at(name: &str) -> Option<usize> {
    let dashes = name.match_indices('-').map(|(at, _)| at);
    let candidates = dashes.filter(|at| *at > 0 && begins_version(&name[at + 1..]));
    for dash in candidates {
        let mut parts = name[dash + 1..].split('-');
        let first = parts.next().unwrap_or_default();
        // `font-adobe-100dpi-1.0.3`: a word with a number in it, and the version is still to come.
        let is_word = is_measure(first) && parts.clone().any(begins_version);
        // `stage-1-init.sh`, `unit-10-eth0.network`: a file, whose number is no version.
        let is_file = parts.any(is_file_name);
        if is_file {
            return None;
        }
        if !is_word {
            return Some(dash);
        }
    }
    None
}

/// Whether a text begins as versions do: with a digit, with `v` and a digit, or with the hash
/// of a commit and nothing else.
fn begins_version(text: &str) -> bool {
    let digit = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let first = text.split('-').next().unwrap_or_default();
    digit(text) || text.strip_prefix('v').is_some_and(digit) || is_commit(first)
}

/// Whether this is the hash of a commit, or the beginning of one: hexadecimal, with both digits
/// and letters.
pub(super) fn is_commit(text: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let bytes = text.as_bytes();
    (7..=40).contains(&bytes.len())
        && bytes.iter().all(|byte| is_hex(*byte))
        && bytes.iter().any(u8::is_ascii_digit)
        && bytes.iter().any(u8::is_ascii_lowercase)
}

/// Digits and then letters alone: `100dpi`, `32bit`.
fn is_measure(part: &str) -> bool {
    let letters = part.trim_start_matches(|c: char| c.is_ascii_digit());
    letters.len() >= 3 && letters.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// A word with a dot in it: `init.sh`, `eth0.network`.
fn is_file_name(part: &str) -> bool {
    let mut letters = part.bytes();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_lowercase())
        && !begins_version(part)
        && part
            .split_once('.')
            .is_some_and(|(_, kind)| kind.starts_with(|first: char| first.is_ascii_lowercase()))
}

/// Parts behind a version that are all letters are no part of it, unless they name a stage of
/// the version itself: `3.3.1-bin`, but `1.0-rc`.
fn without_output(rest: &str) -> (&str, Option<&str>) {
    let is_word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && !STAGES.contains(&part)
    };
    let mut end = rest.len();
    while let Some(dash) = rest[..end].rfind('-') {
        if !is_word(&rest[dash + 1..end]) {
            break;
        }
        end = dash;
    }
    let output = rest.get(end + 1..).filter(|output| !output.is_empty());
    (&rest[..end], output)
}

/// `foo-unstable-2024-01-05` is version `unstable-2024-01-05` of `foo`.
fn stem(package: &str) -> &str {
    package.strip_suffix("-unstable").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names as they are in stores, of nixpkgs 23.05 to 26.05: name, package, version, output.
    const TABLE: &str = include_str!("names.txt");

    #[test]
    fn odd_names_are_split_as_people_would() {
        let mut seen = 0;
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [name, package, version, output] = words[..] else {
                panic!("{line}: not four words");
            };
            let given = |word: &'static str| (word != "–").then_some(word);
            let expected = Name {
                package,
                version: given(version),
                output: given(output),
            };
            assert_eq!(Name::parse(name), expected, "{name}");
            seen += 1;
        }
        assert!(seen > 80, "{seen}");
    }

    #[test]
    fn parts_together_are_the_name() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split_whitespace().next().unwrap();
            let parts = Name::parse(name);
            let joined: Vec<&str> = [Some(parts.package), parts.version, parts.output]
                .into_iter()
                .flatten()
                .collect();
            assert_eq!(joined.join("-"), name);
        }
    }
}
