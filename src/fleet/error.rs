//! What is wrong in a fleet.toml, where, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::{Hint, HostName, NameError, Tag};

/// What is wrong at one place of the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The text is not TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key or table is given twice.
    #[error("`{0}` is written twice")]
    Duplicate(String),
    /// A key that phoenix does not know there.
    #[error("unknown key `{key}` in {place}")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The table that holds it.
        place: String,
    },
    /// A value of another type than the key takes.
    #[error("`{key}` in {place} must be {expected}, not {found}")]
    Type {
        /// The key.
        key: String,
        /// The table that holds it.
        place: String,
        /// What the key takes.
        expected: String,
        /// What is there.
        found: &'static str,
    },
    /// A value of the right type that makes no sense.
    #[error("`{key}` in {place}: {why}")]
    Value {
        /// The key.
        key: String,
        /// The table that holds it.
        place: String,
        /// What is wrong with the value.
        why: String,
    },
    /// A name that is none.
    #[error("not a {what}: {why}")]
    Name {
        /// `host name` or `tag`.
        what: &'static str,
        /// What is wrong with it.
        why: NameError,
    },
    /// Two tags of a host disagree.
    #[error(
        "tags `{first}` and `{second}` set `{key}` differently, and host `{host}` carries both"
    )]
    TagClash {
        /// The tag that comes first in the alphabet.
        first: Tag,
        /// The other tag.
        second: Tag,
        /// The setting, as in `ssh.user`.
        key: String,
        /// A host that carries both.
        host: HostName,
    },
    /// Settings for a tag that no host carries.
    #[error("no host carries tag `{0}`")]
    TagUnused(Tag),
    /// A file without hosts.
    #[error("the fleet has no hosts")]
    NoHosts,
}

/// One fault, with the line it is in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}:{line}:{column}: {fault}", .file.display())]
pub struct FleetError {
    /// The file as the operator named it.
    pub file: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line itself; tabs and control characters are replaced.
    pub excerpt: String,
    /// How many characters of the line are at fault; at least 1.
    pub width: usize,
    /// What is wrong.
    pub fault: Fault,
    /// What to write instead.
    pub hint: Option<Hint>,
}

impl FleetError {
    /// Message, line, caret and hint as several lines without colours and without a last newline.
    #[must_use]
    pub fn render(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let before = " ".repeat(self.column - 1);
        let carets = "^".repeat(self.width);
        let mut out = format!(
            "{}\n{margin} |\n{number} | {}\n{margin} | {before}{carets}",
            visible(&self.to_string()),
            self.excerpt
        );
        if let Some(hint) = &self.hint {
            out.push_str("\nhint: ");
            out.push_str(&visible(&hint.0));
        }
        out.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// All faults of one file, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetErrors(Vec<FleetError>);

impl FleetErrors {
    /// The faults in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &FleetError> {
        self.0.iter()
    }

    /// Every fault as [`FleetError::render`] draws it, with empty lines between.
    #[must_use]
    pub fn render(&self) -> String {
        let drawn: Vec<String> = self.iter().map(FleetError::render).collect();
        drawn.join("\n\n")
    }
}

impl fmt::Display for FleetErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => only.fmt(f),
            [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
            [] => Ok(()),
        }
    }
}

impl std::error::Error for FleetErrors {}

/// Collects the faults of one file.
pub(super) struct Log<'a> {
    file: &'a Path,
    text: &'a str,
    errors: Vec<FleetError>,
}

impl<'a> Log<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            errors: Vec::new(),
        }
    }

    /// Adds a fault. One place gets one fault: what is said first is the cause of the rest.
    pub(super) fn add(&mut self, span: &Range<usize>, fault: Fault, hint: Option<String>) {
        let spot = Spot::of(self.text, span);
        let known = |error: &FleetError| (error.line, error.column) == (spot.line, spot.column);
        if self.errors.iter().any(known) {
            return;
        }
        self.errors.push(FleetError {
            file: self.file.to_owned(),
            line: spot.line,
            column: spot.column,
            excerpt: spot.excerpt,
            width: spot.width,
            fault,
            hint: hint.map(Hint::new),
        });
    }

    /// How much is wrong so far.
    pub(super) fn count(&self) -> usize {
        self.errors.len()
    }

    /// The part of the text a span covers; empty when there is none.
    pub(super) fn slice(&self, span: &Range<usize>) -> &'a str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// The line a span begins in, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        Spot::of(self.text, span).line
    }

    /// All that is wrong, in the order of the file.
    pub(super) fn into_errors(mut self) -> FleetErrors {
        self.errors.sort_by_key(|error| (error.line, error.column));
        FleetErrors(self.errors)
    }
}

/// Where a span is, in the terms of people.
struct Spot {
    line: usize,
    column: usize,
    width: usize,
    excerpt: String,
}

impl Spot {
    fn of(text: &str, span: &Range<usize>) -> Self {
        let start = boundary(text, span.start);
        let end = boundary(text, span.end).max(start);
        let begin = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let stop = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let line = text[begin..stop].trim_end_matches('\r');
        let mark = usize::from(line.starts_with('\u{feff}'));
        let width = text[start..end.min(stop)].trim_end_matches('\r');
        Self {
            line: text[..begin].matches('\n').count() + 1,
            column: (text[begin..start].chars().count() + 1)
                .saturating_sub(mark)
                .max(1),
            width: width.chars().count().max(1),
            excerpt: visible(line.trim_start_matches('\u{feff}')),
        }
    }
}

/// The nearest place at or before `at` where a character begins.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// One character for one, so that carets stay below what they mean and nothing in a file can
/// steer a terminal.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(text: &str, span: Range<usize>) -> String {
        let mut log = Log::new(Path::new("fleet.toml"), text);
        log.add(&span, Fault::NoHosts, None);
        log.into_errors().render()
    }

    #[test]
    fn carets_stand_below_the_fault() {
        for (text, span, line) in [
            ("", 0..0, "fleet.toml:1:1"),
            ("\u{feff}ab", 3..5, "fleet.toml:1:1"),
            ("a\r\nbc\r\n", 3..7, "fleet.toml:2:1"),
            ("é = \"x\"\ny", 5..8, "fleet.toml:1:5"),
            ("a\n", 99..120, "fleet.toml:2:1"),
        ] {
            assert!(draw(text, span).starts_with(line), "{text:?}");
        }
        assert!(draw("a\r\nbc\r\n", 3..7).ends_with("2 | bc\n  | ^^"));
    }

    #[test]
    fn nothing_in_a_file_steers_the_terminal() {
        assert!(!draw("a\u{1b}[2J", 1..2).contains('\u{1b}'));
    }
}
