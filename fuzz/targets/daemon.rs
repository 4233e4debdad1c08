//! A daemon that says anything. What phoenix understands does not depend on how the bytes
//! arrive, and it neither panics nor takes more memory than arrived.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phoenix::model::{NarHash, PathInfo, StorePath};
use phoenix::wire::daemon::{Conversation, Heard, Question};

fn path(name: &str) -> StorePath {
    StorePath::new(format!("/nix/store/{}-{name}", "2".repeat(32))).expect("it is one")
}

/// A conversation in which something was asked: the same as in a recorded one, or everything.
fn begun(what: u8) -> Conversation {
    let (mut conversation, _) = Conversation::begin();
    let info = PathInfo {
        path: path("present"),
        deriver: None,
        nar_hash: NarHash::new([0; 32]),
        nar_size: 0,
        references: Default::default(),
        signatures: Vec::new(),
        content_address: None,
    };
    let path = &info.path;
    let paths = &[path; 3];
    let valid = Question::Valid {
        paths,
        substitute: false,
    };
    let add = Question::Add {
        info: &info,
        check_signatures: false,
    };
    let (is_valid, protect) = (Question::IsValid(path), Question::Protect(path));
    let about = Question::Info(path);
    let asked: &[Question<'_>] = match what % 7 {
        0 => &[],
        1 => &[is_valid, is_valid],
        2 => &[protect, protect],
        3 => &[valid, valid],
        4 => &[about, about, about],
        5 => &[add, is_valid],
        _ => &[is_valid, protect, valid, about, add],
    };
    for question in asked {
        conversation.expect(*question);
    }
    conversation
}

/// What is understood, and whether it ends in nonsense.
fn hear<'a>(what: u8, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Heard>, bool) {
    let (mut conversation, mut all) = (begun(what), Vec::new());
    for piece in pieces {
        conversation.arrived(piece);
        loop {
            match conversation.hear() {
                Ok(Some(heard)) => all.push(heard),
                Ok(None) => break,
                Err(_) => return (all, true),
            }
        }
    }
    (all, false)
}

fuzz_target!(|input: &[u8]| {
    let [what, piece, bytes @ ..] = input else {
        return;
    };
    let whole = hear(*what, [bytes].into_iter());
    let pieces = hear(*what, bytes.chunks(usize::from(*piece).max(1)));
    assert_eq!(whole, pieces);
});
