//! The recorded conversations: what phoenix says in each, and what it has to understand.

use sha2::{Digest, Sha256};

use crate::model::{NarHash, PathInfo, StorePath};
use crate::wire::daemon::{Answer, Conversation, Question, end_frames, frame_header};
use crate::wire::nar::Piece;

pub(super) const CASES: [&str; 13] = [
    "greeting",
    "is-valid",
    "protect",
    "valid",
    "info",
    "add",
    "add-wrong-hash",
    "add-cut-short",
    "add-again",
    "add-without-reference",
    "add-unsigned",
    "substitute",
    "substitute-damaged",
];

/// What an answer has to be.
pub(super) enum Want {
    Is(Answer),
    /// An error with these words.
    Fails(&'static str),
}

fn made(letter: &str, name: &str) -> StorePath {
    StorePath::new(format!("/nix/store/{}-{name}", letter.repeat(32))).unwrap()
}

fn known(name: &str) -> StorePath {
    StorePath::new(format!("/nix/store/{name}")).unwrap()
}

fn base() -> StorePath {
    made("1", "base")
}

fn absent() -> StorePath {
    made("3", "absent")
}

fn cached() -> StorePath {
    known("s7xlzhz8cvgycwzclxbxvbx0zhg90n83-cached")
}

/// The NAR of a file that says hello: what each path holds.
fn nar() -> Vec<u8> {
    let mut out = Vec::new();
    let file = Piece::File {
        is_executable: false,
        size: 6,
    };
    Piece::Start.put(&mut out);
    file.put(&mut out);
    out.extend_from_slice(b"hello\n");
    Piece::EndFile { size: 6 }.put(&mut out);
    out
}

/// A path that needs these, and was neither derived nor signed.
fn plain(path: StorePath, references: impl Into<Vec<StorePath>>) -> PathInfo {
    let nar = nar();
    PathInfo {
        path,
        deriver: None,
        nar_hash: NarHash::new(Sha256::digest(&nar).into()),
        nar_size: nar.len() as u64,
        references: references.into().into_iter().collect(),
        signatures: Vec::new(),
        content_address: None,
    }
}

fn new(references: impl Into<Vec<StorePath>>) -> PathInfo {
    plain(made("4", "new"), references)
}

/// All that there is to know of a path.
fn present() -> PathInfo {
    let path = made("2", "present");
    let signature = format!("{}==", "A".repeat(86));
    PathInfo {
        deriver: Some(made("d", "present.drv")),
        signatures: ["cache", "other"]
            .map(|key| format!("{key}.example-1:{signature}"))
            .into(),
        ..plain(path.clone(), [base(), path])
    }
}

/// A path that `nix-store --add` made.
fn hello() -> PathInfo {
    let digits = "04zwf782yjwnh3q6hz5izfd6jyip8kgw6g6yj43fiqhbyhdd0dqw";
    PathInfo {
        content_address: Some(format!("fixed:r:sha256:{digits}")),
        ..plain(known("gwina1sjk7g95wq6fxc6b7s1hza53h74-hello"), [])
    }
}

struct Say {
    conversation: Conversation,
    bytes: Vec<u8>,
}

impl Say {
    fn ask(&mut self, question: Question<'_>) {
        self.conversation.ask(question, &mut self.bytes);
    }

    fn valid(&mut self, paths: &[&StorePath], substitute: bool) {
        self.ask(Question::Valid { paths, substitute });
    }

    /// Adds a path with its NAR in frames of 64 bytes, `frames` of them at most, and asks
    /// whether the new one is there.
    fn add(&mut self, info: &PathInfo, frames: usize, check_signatures: bool) {
        self.ask(Question::Add {
            info,
            check_signatures,
        });
        for frame in nar().chunks(64).take(frames) {
            self.bytes.extend_from_slice(&frame_header(frame.len()));
            self.bytes.extend_from_slice(frame);
        }
        self.bytes.extend_from_slice(&end_frames());
        self.ask(Question::IsValid(&made("4", "new")));
    }
}

/// All that phoenix says in a case, and the conversation that expects its answers.
pub(super) fn said(case: &str) -> (Conversation, Vec<u8>) {
    let (conversation, bytes) = Conversation::begin();
    let mut say = Say {
        conversation,
        bytes,
    };
    let (here, gone) = (present().path, absent());
    match case {
        "greeting" => {}
        "is-valid" => [&here, &gone]
            .into_iter()
            .for_each(|path| say.ask(Question::IsValid(path))),
        "protect" => [&gone, &here]
            .into_iter()
            .for_each(|path| say.ask(Question::Protect(path))),
        "valid" => {
            say.valid(&[&base(), &here, &gone], false);
            say.valid(&[], false);
        }
        "info" => [&here, &gone, &hello().path]
            .into_iter()
            .for_each(|path| say.ask(Question::Info(path))),
        "add" => say.add(&new([base(), here]), 9, false),
        "add-wrong-hash" => {
            let mut info = new([]);
            info.nar_hash = NarHash::new([0; 32]);
            say.add(&info, 9, false);
        }
        "add-cut-short" => say.add(&new([]), 1, false),
        "add-again" => say.add(&plain(here, [base()]), 9, false),
        "add-without-reference" => say.add(&new([gone]), 9, false),
        "add-unsigned" => say.add(&new([]), 9, true),
        _ => say.valid(&[&cached(), &gone], true),
    }
    (say.conversation, say.bytes)
}

/// What the answers of a case have to be, whatever the version.
pub(super) fn wanted(case: &str) -> Vec<Want> {
    let valid = |paths: &[StorePath]| Want::Is(Answer::Valid(paths.iter().cloned().collect()));
    let is_valid = |yes| Want::Is(Answer::IsValid(yes));
    let info = |info: Option<PathInfo>| Want::Is(Answer::Info(info.map(Box::new)));
    let done = || Want::Is(Answer::Done);
    let refused = |words| vec![Want::Fails(words), is_valid(false)];
    match case {
        "greeting" => vec![],
        "is-valid" => vec![is_valid(true), is_valid(false)],
        "protect" => vec![done(), done()],
        "valid" => vec![valid(&[base(), present().path]), valid(&[])],
        "info" => vec![info(Some(present())), info(None), info(Some(hello()))],
        "add" => vec![done(), is_valid(true)],
        "add-again" => vec![done(), is_valid(false)],
        "add-wrong-hash" => refused("hash mismatch importing path"),
        "add-cut-short" => refused("reached end of FramedSource"),
        "add-without-reference" => refused("is not valid"),
        "add-unsigned" => refused("because it lacks a"),
        "substitute" => vec![valid(&[cached()])],
        _ => vec![valid(&[])],
    }
}

/// Words of the daemon's log in a case; nothing where it has none.
pub(super) fn logged(case: &str) -> &'static str {
    match case {
        "substitute-damaged" => "Lzma library error",
        _ => "",
    }
}
