//! Follows a build: what is being built, how far it is, and what failed with which last words.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::log::{Line, activity, one_line, plain, result};
use crate::adapter::process::Tail;
use crate::model::{Derivation, StorePath};
use crate::world::BuildProgress;

/// Lines of a builder's log that are kept.
const LOG: usize = 20;

/// A derivation that failed by itself, not for one it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FailedDerivation {
    /// The derivation.
    pub(super) derivation: Derivation,
    /// What Nix says of it, in one line.
    pub(super) reason: String,
    /// The end of its log; empty if it never ran.
    pub(super) log: Vec<String>,
}

/// What happened since the line before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Something to show.
    Progress(BuildProgress),
    /// A derivation or path has begun to be built or fetched.
    Begun(StorePath),
    /// One more is finished.
    Finished,
}

/// The state of one build.
#[derive(Debug, Default)]
pub(super) struct BuildLog {
    /// What is being built now, by activity.
    running: BTreeMap<u64, StorePath>,
    /// Last words of each derivation that said something.
    said: HashMap<StorePath, Tail>,
    /// The activities that count derivations.
    counters: Vec<u64>,
    done: u64,
    /// As counted by Nix: from 2.30 on, too many while a derivation ends.
    expected: u64,
    /// Derivations that Nix announced to build, before it began.
    announced: u64,
    /// Each once, in order; the log is filled in by [`BuildLog::failed`].
    failed: Vec<(Derivation, String)>,
    /// All error messages, for failures that name no derivation.
    pub(super) errors: Vec<String>,
}

impl BuildLog {
    /// Takes a line of standard error.
    pub(super) fn take(&mut self, line: &str) -> Option<Seen> {
        let line = Line::read(line)?;
        if let Some(error) = line.error() {
            self.error(&error);
            return None;
        }
        match line {
            Line::Start {
                id, kind, fields, ..
            } => self.start(id, kind, &fields),
            Line::Stop { id } => self.running.remove(&id).map(|_| Seen::Finished),
            Line::Result { id, kind, fields } => self.result(id, kind, &fields),
            Line::Msg { msg, .. } => {
                self.announced += u64::from(is_announcement(&msg));
                None
            }
            Line::Other => None,
        }
    }

    /// What failed by itself, with its last words.
    pub(super) fn failed(&self) -> Vec<FailedDerivation> {
        let of = |derivation: &Derivation| self.said.get(&derivation.0).cloned();
        self.failed
            .iter()
            .map(|(derivation, reason)| FailedDerivation {
                derivation: derivation.clone(),
                reason: reason.clone(),
                log: of(derivation).map_or_else(Vec::new, |tail| tail.into_iter().collect()),
            })
            .collect()
    }

    fn start(&mut self, id: u64, kind: u32, fields: &[Value]) -> Option<Seen> {
        if kind == activity::BUILDS {
            self.counters.push(id);
        }
        if kind != activity::BUILD && kind != activity::SUBSTITUTE {
            return None;
        }
        let path = StorePath::new(fields.first()?.as_str()?).ok()?;
        self.running.insert(id, path.clone());
        Some(Seen::Begun(path))
    }

    fn result(&mut self, id: u64, kind: u32, fields: &[Value]) -> Option<Seen> {
        match kind {
            result::PROGRESS if self.counters.contains(&id) => {
                let number = |index: usize| fields.get(index).and_then(Value::as_u64);
                let (done, expected) = (number(0)?, number(1)?);
                let finished = done > self.done;
                if (done, expected) == (self.done, self.expected) {
                    return None;
                }
                (self.done, self.expected) = (done, expected);
                Some(if finished {
                    Seen::Finished
                } else {
                    Seen::Progress(self.count())
                })
            }
            result::BUILD_LOG_LINE | result::POST_BUILD_LOG_LINE => {
                let path = self.running.get(&id)?;
                let line = plain(fields.first()?.as_str()?);
                let tail = self.said.entry(path.clone());
                tail.or_insert_with(|| Tail::new(LOG)).push(&line);
                let text = format!("{}> {line}", derivation_name(path));
                Some(Seen::Progress(BuildProgress::Log(text)))
            }
            _ => None,
        }
    }

    /// How far the build is.
    pub(super) fn count(&self) -> BuildProgress {
        BuildProgress::Count {
            done: self.done,
            expected: match self.announced {
                0 => self.expected.max(self.done),
                announced => announced.max(self.done),
            },
            current: self
                .running
                .values()
                .next_back()
                .map(|path| derivation_name(path).to_owned()),
        }
    }

    /// Keeps an error. One that only says that another derivation failed is no cause.
    fn error(&mut self, message: &str) {
        let line = one_line(message);
        let second_hand = line.contains("dependencies of derivation")
            || line.contains("dependency failed")
            || line.contains("dependencies failed")
            || line.starts_with("build of ");
        if !second_hand
            && let Some(derivation) = first_derivation(message)
            && !self.failed.iter().any(|(known, _)| *known == derivation)
        {
            self.failed.push((derivation, reason(&line)));
        }
        self.errors.push(line);
    }
}

/// The name of a derivation or path without hash and `.drv`.
pub(super) fn derivation_name(path: &StorePath) -> &str {
    path.name().strip_suffix(".drv").unwrap_or(path.name())
}

/// A line below `these 5 derivations will be built:`.
fn is_announcement(message: &str) -> bool {
    message.starts_with("  /nix/store/") && message.ends_with(".drv")
}

fn first_derivation(message: &str) -> Option<Derivation> {
    message
        .split(['\'', '"', ' ', '\n', '^', ';', ','])
        .filter(|word| word.ends_with(".drv"))
        .find_map(|word| StorePath::new(word).ok())
        .map(Derivation)
}

/// `Cannot build '/nix/store/…drv'. Reason: builder failed …` says the name a second time.
fn reason(line: &str) -> String {
    line.split_once("Reason: ")
        .map_or(line, |(_, reason)| reason)
        .to_owned()
}
