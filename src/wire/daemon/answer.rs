//! What a daemon answers.

use std::collections::BTreeSet;
use std::fmt;

use super::VERSION;
use crate::model::{NarHash, PathInfo, StorePath};
use crate::wire::atom::{AtomError, Taker, malformed};

/// What a daemon says first.
const DAEMON_MAGIC: u64 = 0x6478_696f;

/// Protocol versions from which a daemon says its own version, and whether it trusts the client.
const SAYS_VERSION: u64 = (1 << 8) | 33;
const SAYS_TRUST: u64 = (1 << 8) | 35;

/// The oldest protocol version whose layouts are read here: Nix 2.8's.
const OLDEST: u64 = (1 << 8) | 34;

/// Characters of an error that are kept.
const MESSAGE_KEPT: usize = 16 * 1024;

/// The messages that come before an answer, by their numbers in `worker-protocol.hh`.
mod message {
    pub(super) const NEXT: u64 = 0x6f6c_6d67;
    pub(super) const LAST: u64 = 0x616c_7473;
    pub(super) const ERROR: u64 = 0x6378_7470;
    pub(super) const START_ACTIVITY: u64 = 0x5354_5254;
    pub(super) const STOP_ACTIVITY: u64 = 0x5354_4f50;
    pub(super) const RESULT: u64 = 0x5253_4c54;
}

/// What a daemon says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The Nix it belongs to, as in `2.26.3`; Nix 2.8 does not say.
    pub nix: Option<String>,
    /// Whether it takes paths without signatures from this client; older ones do not say.
    pub trusts: Option<bool>,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `IsValid`.
    IsValid(bool),
    /// To `Protect` and `Add`: it is done.
    Done,
    /// To `Valid`: those that are in the store.
    Valid(BTreeSet<StorePath>),
    /// To `Info`: what is known, if the path is in the store.
    Info(Option<Box<PathInfo>>),
    /// To any question: it could not be done. The conversation goes on.
    Failed(DaemonError),
}

/// A daemon's error, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonError {
    /// The message. It may hold several lines, and escape sequences for colours.
    pub message: String,
    /// Where it came about, from the innermost.
    pub traces: Vec<String>,
}

impl fmt::Display for DaemonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Something that a daemon said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Its greeting.
    Greeting(Greeting),
    /// A line of its log.
    Log(String),
    /// The answer to the oldest question that was still open.
    Answer(Answer),
}

/// What an answer has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Flag,
    /// The number 1.
    One,
    Nothing,
    /// Of this path.
    Info,
}

/// A message that comes before an answer.
pub(super) enum Said {
    /// The answer follows.
    Last,
    /// No answer follows.
    Error(DaemonError),
    Log(String),
    /// An activity of the daemon, which nobody is told of.
    Nothing,
}

pub(super) fn take_greeting(taker: &mut Taker<'_>) -> Result<Greeting, AtomError> {
    let magic = taker.number()?;
    if magic != DAEMON_MAGIC {
        let said = String::from_utf8_lossy(&magic.to_le_bytes()).into_owned();
        return Err(malformed(format!(
            "it does not speak the Nix daemon's protocol: its first bytes are {said:?}"
        )));
    }
    let theirs = taker.number()?;
    if theirs >> 8 != VERSION >> 8 || theirs < OLDEST {
        return Err(malformed(format!(
            "it speaks version {}.{} of the protocol, and phoenix 1.34 and later",
            theirs >> 8,
            theirs & 0xff
        )));
    }
    let version = theirs.min(VERSION);
    let nix = match version >= SAYS_VERSION {
        true => Some(taker.prose()?),
        false => None,
    };
    let trusts = match version >= SAYS_TRUST {
        true => match taker.number()? {
            0 => None,
            1 => Some(true),
            2 => Some(false),
            other => return Err(malformed(format!("{other} says nothing about trust"))),
        },
        false => None,
    };
    Ok(Greeting { nix, trusts })
}

pub(super) fn take_message(taker: &mut Taker<'_>) -> Result<Said, AtomError> {
    match taker.number()? {
        message::LAST => Ok(Said::Last),
        message::NEXT => Ok(Said::Log(taker.prose()?)),
        message::ERROR => Ok(Said::Error(take_error(taker)?)),
        message::START_ACTIVITY => {
            let _id_level_kind = [taker.number()?, taker.number()?, taker.number()?];
            taker.bytes()?;
            take_fields(taker)?;
            taker.number()?;
            Ok(Said::Nothing)
        }
        message::STOP_ACTIVITY => {
            taker.number()?;
            Ok(Said::Nothing)
        }
        message::RESULT => {
            let _id_kind = [taker.number()?, taker.number()?];
            take_fields(taker)?;
            Ok(Said::Nothing)
        }
        other => Err(malformed(format!("{other:#x} is no message of a daemon"))),
    }
}

fn take_fields(taker: &mut Taker<'_>) -> Result<(), AtomError> {
    let field = |taker: &mut Taker<'_>| match taker.number()? {
        0 => taker.number().map(drop),
        1 => taker.bytes().map(drop),
        other => Err(malformed(format!("{other} is no kind of field"))),
    };
    taker.list::<(), Vec<()>>(field).map(drop)
}

fn take_error(taker: &mut Taker<'_>) -> Result<DaemonError, AtomError> {
    let kind = taker.prose()?;
    if kind != "Error" {
        return Err(malformed(format!("{kind:?} is no kind of error")));
    }
    let _level = taker.number()?;
    let _name = taker.bytes()?;
    let message = taker.prose()?.chars().take(MESSAGE_KEPT).collect();
    take_position(taker)?;
    let trace = |taker: &mut Taker<'_>| {
        take_position(taker)?;
        taker.prose()
    };
    let traces = taker.list(trace)?;
    Ok(DaemonError { message, traces })
}

fn take_position(taker: &mut Taker<'_>) -> Result<(), AtomError> {
    match taker.number()? {
        0 => Ok(()),
        other => Err(malformed(format!("{other} is no position of an error"))),
    }
}

/// Takes an answer; `about` is the path that was asked about.
pub(super) fn take_answer(
    taker: &mut Taker<'_>,
    shape: Shape,
    about: Option<&StorePath>,
) -> Result<Answer, AtomError> {
    match (shape, about) {
        (Shape::Flag, _) => Ok(Answer::IsValid(taker.flag()?)),
        (Shape::One, _) => match taker.number()? {
            1 => Ok(Answer::Done),
            other => Err(malformed(format!("{other} came where 1 belongs"))),
        },
        (Shape::Nothing, _) => Ok(Answer::Done),
        (Shape::Info, Some(path)) => match taker.flag()? {
            true => Ok(Answer::Info(Some(Box::new(take_info(taker, path)?)))),
            false => Ok(Answer::Info(None)),
        },
        (Shape::Info, None) => Err(malformed("an answer about no path")),
    }
}

pub(super) fn take_path(taker: &mut Taker<'_>) -> Result<StorePath, AtomError> {
    StorePath::new(taker.text()?).map_err(|error| malformed(error.to_string()))
}

fn take_info(taker: &mut Taker<'_>, path: &StorePath) -> Result<PathInfo, AtomError> {
    let deriver = match taker.text()? {
        "" => None,
        text => Some(StorePath::new(text).map_err(|error| malformed(error.to_string()))?),
    };
    let nar_hash = NarHash::read(taker.text()?).map_err(|error| malformed(error.to_string()))?;
    let references = taker.list(take_path)?;
    let _registered = taker.number()?;
    let nar_size = taker.number()?;
    let _is_ultimate = taker.flag()?;
    let signatures = taker.list(|taker| taker.text().map(str::to_owned))?;
    let content_address = taker.text()?;
    Ok(PathInfo {
        path: path.clone(),
        deriver,
        nar_hash,
        nar_size,
        references,
        signatures,
        content_address: (!content_address.is_empty()).then(|| content_address.to_owned()),
    })
}
