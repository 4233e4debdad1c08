//! Why a selector chooses nothing, and what was probably meant.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::fleet::near::{listed, nearest};
use crate::fleet::spec::Fleet;
use crate::model::Hint;

use super::Subject;
use super::glob::is_pattern;

/// Why there are no hosts to act on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SelectError {
    /// No words at all.
    #[error("no hosts are selected")]
    Nothing,
    /// A word matches nothing.
    #[error("{what}")]
    Unmatched {
        /// As in "no host is called `web9`".
        what: String,
        /// The word that was probably meant, as it would be written.
        near: Option<String>,
        /// What there is, as in "tags: db, web"; `None` when there is none.
        known: Option<String>,
    },
    /// Every word matches something, but nothing is left.
    #[error("`{text}` leaves no host")]
    Empty {
        /// The selector as written.
        text: String,
    },
    /// The words do not make a selector.
    #[error("`{text}` is not a selector: {why}")]
    Syntax {
        /// The selector as written.
        text: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Words side by side are mixed with `and` or `not`.
    #[error("`{text}` can be read in two ways")]
    Ambiguous {
        /// The selector as written.
        text: String,
    },
}

impl SelectError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> Option<Hint> {
        match self {
            Self::Nothing => Some(Hint::new("name hosts, tags as @tag, or say --all")),
            Self::Unmatched { near, known, .. } => {
                let near = near.as_ref().map(|near| format!("did you mean `{near}`?"));
                let parts: Vec<String> = near.into_iter().chain(known.clone()).collect();
                (!parts.is_empty()).then(|| Hint::new(parts.join(" ")))
            }
            Self::Empty { .. } => None,
            Self::Syntax { .. } => Some(Hint::new(
                "as in \"@web and not web3\", \"web* or (@db and @eu)\", profile:web",
            )),
            Self::Ambiguous { .. } => Some(Hint::new(
                "write `and not` to leave hosts out, `or` or parentheses to join, as in \"@web and not (web1 web2)\"",
            )),
        }
    }

    /// A word that matches nothing in the fleet.
    pub(super) fn unmatched(subject: Subject, pattern: &str, fleet: &Fleet) -> Self {
        let what = match (subject, is_pattern(pattern)) {
            (Subject::Name, false) => format!("no host is called `{pattern}`"),
            (Subject::Name, true) => format!("no host's name matches `{pattern}`"),
            (Subject::Tag, false) => format!("no host carries tag `{pattern}`"),
            (Subject::Tag, true) => format!("no host's tag matches `{pattern}`"),
            (Subject::Profile, false) => format!("no host has fleet profile `{pattern}`"),
            (Subject::Profile, true) => format!("no host's fleet profile matches `{pattern}`"),
        };
        let known = words(subject, fleet);
        let title = match subject {
            Subject::Name => "hosts",
            Subject::Tag => "tags",
            Subject::Profile => "fleet profiles",
        };
        Self::Unmatched {
            what,
            near: near(subject, pattern, fleet),
            known: (!known.is_empty()).then(|| format!("{title}: {}", listed(known))),
        }
    }
}

/// All words of one kind in the fleet.
fn words(subject: Subject, fleet: &Fleet) -> BTreeSet<&str> {
    let hosts = fleet.hosts.values();
    match subject {
        Subject::Name => hosts.map(|host| host.name.as_str()).collect(),
        Subject::Tag => hosts
            .flat_map(|h| &h.tags)
            .map(|tag| tag.as_str())
            .collect(),
        Subject::Profile => hosts.filter_map(|host| host.profile.as_deref()).collect(),
    }
}

/// What was probably meant: the same word as another kind of thing, or a slip of the hand.
fn near(subject: Subject, pattern: &str, fleet: &Fleet) -> Option<String> {
    if is_pattern(pattern) {
        return None;
    }
    let same = [Subject::Name, Subject::Tag, Subject::Profile]
        .into_iter()
        .find(|other| words(*other, fleet).contains(pattern))
        .map(|other| (other, pattern));
    let slip = || nearest(pattern, words(subject, fleet)).map(|word| (subject, word));
    let (subject, word) = same.or_else(slip)?;
    Some(match subject {
        Subject::Name => word.to_owned(),
        Subject::Tag => format!("@{word}"),
        Subject::Profile => format!("profile:{word}"),
    })
}
