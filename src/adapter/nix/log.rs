//! Reads the lines Nix writes with `--log-format internal-json`.
//!
//! Format: Nix's `src/libutil/logging.cc` (`JSONLogger`) and `logging.hh` (the numbers).
//! Lines without the mark come from programs Nix starts, and from Nix when it crashes.

use serde::Deserialize;
use serde_json::Value;

/// Begins each line of the log.
const MARK: &str = "@nix ";

/// Kinds of activity that are looked at.
pub(super) mod activity {
    /// One path is being copied; fields: path, from, to.
    pub(in super::super) const COPY_PATH: u32 = 100;
    /// Paths are being copied; its progress counts paths.
    pub(in super::super) const COPY_PATHS: u32 = 103;
    /// Derivations are being built; its progress counts derivations.
    pub(in super::super) const BUILDS: u32 = 104;
    /// One derivation is being built; fields: derivation, machine, round, rounds.
    pub(in super::super) const BUILD: u32 = 105;
    /// One path is being fetched from a cache; fields: path, cache.
    pub(in super::super) const SUBSTITUTE: u32 = 108;
}

/// Kinds of result that are looked at.
pub(super) mod result {
    /// Fields: a line of a builder's log.
    pub(in super::super) const BUILD_LOG_LINE: u32 = 101;
    /// Fields: done, expected, running, failed.
    pub(in super::super) const PROGRESS: u32 = 105;
    /// The same as a log line, after the build proper.
    pub(in super::super) const POST_BUILD_LOG_LINE: u32 = 107;
}

/// A line of the log.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(super) enum Line {
    /// Something begins.
    Start {
        /// Names it until it stops.
        id: u64,
        /// See [`activity`].
        #[serde(rename = "type")]
        kind: u32,
        /// For people.
        #[serde(default)]
        text: String,
        /// By kind.
        #[serde(default)]
        fields: Vec<Value>,
    },
    /// It ended, well or not.
    Stop {
        /// Which.
        id: u64,
    },
    /// Something came out of it.
    Result {
        /// Of which.
        id: u64,
        /// See [`result`].
        #[serde(rename = "type")]
        kind: u32,
        /// By kind.
        #[serde(default)]
        fields: Vec<Value>,
    },
    /// A message for people.
    Msg {
        /// 0 error, 1 warning, 2 notice, 3 and more information.
        level: u32,
        /// The text, with colours.
        msg: String,
        /// An error's own words, without its trace; only errors have it.
        #[serde(default)]
        raw_msg: Option<String>,
    },
    /// An action of a later version.
    #[serde(other)]
    Other,
}

impl Line {
    /// Reads one line; `None` when it is not of the log.
    pub(super) fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line.strip_prefix(MARK)?).ok()
    }

    /// The error this line tells, in plain text. One that a Nix daemon passes on has no
    /// `raw_msg`, but begins with `error:` and is indented by as much.
    pub(super) fn error(&self) -> Option<String> {
        match self {
            Self::Msg {
                raw_msg: Some(raw), ..
            } => Some(plain(raw)),
            Self::Msg { level: 0, msg, .. } => {
                let text = plain(msg);
                let text = text.strip_prefix("error:")?.trim_start();
                Some(text.replace("\n       ", "\n"))
            }
            _ => None,
        }
    }
}

/// The text without the escape sequences of a terminal.
pub(super) fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                // `ESC [ numbers letter`; any other sequence is two characters long.
                if chars.next() == Some('[') {
                    chars.by_ref().find(char::is_ascii_alphabetic);
                }
            }
            '\n' | '\t' => kept.push(c),
            c if c.is_control() => {}
            c => kept.push(c),
        }
    }
    kept
}

/// An error message as one line: what it says first, without lists of paths and logs.
pub(super) fn one_line(message: &str) -> String {
    const MOST: usize = 400;
    // What Nix appends for people who see nothing but this message.
    let appended = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("Output paths:")
            || line.starts_with("For full logs")
            || line.ends_with("log lines:")
    };
    let lines = message.lines().take_while(|line| !appended(line));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let line = words.join(" ");
    let line = line.trim_end_matches(['.', ';', ',']);
    if line.chars().count() > MOST {
        line.chars().take(MOST).chain("…".chars()).collect()
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_dropped() {
        assert_eq!(
            plain("\u{1b}[31;1merror:\u{1b}[0m no \u{1b}[35;1m'x'\u{1b}[0m\n\tat\r"),
            "error: no 'x'\n\tat"
        );
        assert_eq!(plain("\u{1b}[K\u{1b}"), "");
    }

    #[test]
    fn unknown_actions_and_foreign_lines_do_no_harm() {
        assert_eq!(
            Line::read(r#"@nix {"action":"later","x":1}"#),
            Some(Line::Other)
        );
        assert_eq!(Line::read("error: stack overflow"), None);
        assert_eq!(Line::read("@nix {"), None);
    }

    #[test]
    fn messages_become_one_line() {
        for (message, line) in [
            (
                "builder for '/x.drv' failed with exit code 3;\nlast 10 log lines:\n> a",
                "builder for '/x.drv' failed with exit code 3",
            ),
            (
                "Cannot build '/x.drv'.\nReason: builder failed with exit code 3.\nOutput paths:\n  /x",
                "Cannot build '/x.drv'. Reason: builder failed with exit code 3",
            ),
            (
                "\nFailed assertions:\n- a\n- b\n",
                "Failed assertions: - a - b",
            ),
        ] {
            assert_eq!(one_line(message), line);
        }
    }
}
