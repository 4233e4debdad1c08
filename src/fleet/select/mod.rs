//! Which hosts a command is about: names, globs, tags, fleet profiles, and, or, not.

mod error;
mod glob;
mod lex;
mod read;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::model::HostName;

use super::spec::{Fleet, HostSpec};
pub use error::SelectError;
use glob::Glob;

/// A choice of hosts, independent of any fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As written, for messages.
    text: String,
    choice: Choice,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    All,
    Term(Term),
    Not(Box<Choice>),
    And(Vec<Choice>),
    Or(Vec<Choice>),
}

/// One word: what it is compared with, and the pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    subject: Subject,
    glob: Glob,
}

/// What a word is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Name,
    Tag,
    Profile,
}

impl Selector {
    /// Every host of the fleet.
    #[must_use]
    pub fn all() -> Self {
        Self {
            text: "--all".to_owned(),
            choice: Choice::All,
        }
    }

    /// Reads the words of a command line. Grammar: docs/reference/selectors.md.
    ///
    /// # Errors
    /// [`SelectError`] when there are no words, or they do not make sense.
    pub fn parse(words: &[String]) -> Result<Self, SelectError> {
        let choice = read::choice(words)?;
        Ok(Self {
            text: words.join(" "),
            choice,
        })
    }

    /// The hosts of a fleet that are chosen, by name; never none.
    ///
    /// # Errors
    /// [`SelectError`] when a word matches nothing, or nothing is left in the end.
    pub fn pick(&self, fleet: &Fleet) -> Result<Vec<HostName>, SelectError> {
        let picked = self.choice.pick(fleet)?;
        if picked.is_empty() {
            return Err(SelectError::Empty {
                text: self.text.clone(),
            });
        }
        Ok(picked.into_iter().cloned().collect())
    }
}

impl Choice {
    fn pick<'f>(&self, fleet: &'f Fleet) -> Result<BTreeSet<&'f HostName>, SelectError> {
        match self {
            Self::All => Ok(fleet.hosts.keys().collect()),
            Self::Term(term) => term.pick(fleet),
            Self::Not(choice) => {
                let without = choice.pick(fleet)?;
                let all = fleet.hosts.keys();
                Ok(all.filter(|host| !without.contains(host)).collect())
            }
            Self::And(choices) => {
                let mut both: BTreeSet<&HostName> = fleet.hosts.keys().collect();
                for choice in choices {
                    let other = choice.pick(fleet)?;
                    both.retain(|host| other.contains(host));
                }
                Ok(both)
            }
            Self::Or(choices) => {
                let mut either = BTreeSet::new();
                for choice in choices {
                    either.extend(choice.pick(fleet)?);
                }
                Ok(either)
            }
        }
    }
}

impl Term {
    fn pick<'f>(&self, fleet: &'f Fleet) -> Result<BTreeSet<&'f HostName>, SelectError> {
        let mut picked = BTreeSet::new();
        // Each word of `{a,b}` must match, as if they had been written one by one.
        for pattern in self.glob.patterns() {
            let hosts = fleet.hosts.iter();
            let mut found = hosts
                .filter(|(_, host)| self.matches(pattern, host))
                .peekable();
            if found.peek().is_none() {
                return Err(SelectError::unmatched(self.subject, pattern, fleet));
            }
            picked.extend(found.map(|(name, _)| name));
        }
        Ok(picked)
    }

    fn matches(&self, pattern: &str, host: &HostSpec) -> bool {
        let fits = |text: &str| glob::matches(pattern, text);
        match self.subject {
            Subject::Name => fits(host.name.as_str()),
            Subject::Tag => host.tags.iter().any(|tag| fits(tag.as_str())),
            Subject::Profile => host.profile.as_deref().is_some_and(fits),
        }
    }
}

/// Host names out of a text such as standard input: separated by white space, `#` begins a
/// comment that ends with its line.
#[must_use]
pub fn names_from_lines(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}
