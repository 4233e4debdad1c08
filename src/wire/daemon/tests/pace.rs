//! How long it takes to hear long answers, and how much of them is kept.

use std::time::{Duration, Instant};

use super::{Answer, Conversation, Heard, Question, VERSIONS, fixture, hear};
use crate::model::StorePath;
use crate::wire::atom::{put_list, put_number, put_string};

const LAST: u64 = 0x616c_7473;

/// The daemon has greeted.
fn greeted() -> Conversation {
    let (mut conversation, _) = Conversation::begin();
    conversation.arrived(&fixture(VERSIONS[2], "greeting"));
    while conversation.hear().unwrap().is_some() {}
    conversation
}

/// Tens of thousands of paths are a large host's closure, and come in pieces of a packet.
#[test]
fn long_lists_are_heard_as_fast_as_they_come() {
    let path = |number: u32| {
        let hash = format!("{number:032}");
        StorePath::new(format!("/nix/store/{hash}-some-package-1.2.3")).unwrap()
    };
    let paths: Vec<StorePath> = (0..50_000).map(path).collect();
    let paths: Vec<&StorePath> = paths.iter().collect();
    let mut conversation = greeted();
    let question = Question::Valid {
        paths: &paths,
        substitute: false,
    };
    conversation.ask(question, &mut Vec::new());
    let mut bytes = Vec::new();
    put_number(&mut bytes, LAST);
    put_list(&mut bytes, paths.iter().map(|path| path.as_str()));
    let start = Instant::now();
    let (heard, end) = hear(conversation, bytes.chunks(1000));
    let took = start.elapsed();
    assert_eq!(end, Ok(0));
    let Heard::Answer(Answer::Valid(valid)) = &heard[0] else {
        panic!("{heard:?}");
    };
    assert_eq!(valid.len(), 50_000);
    assert!(took < Duration::from_secs(10), "it took {took:?}");
}

#[test]
fn nothing_is_kept_of_what_never_ends() {
    let path = StorePath::new(format!("/nix/store/{}-a", "a".repeat(32))).unwrap();
    let mut conversation = greeted();
    let question = Question::Info(&path);
    conversation.ask(question, &mut Vec::new());
    let mut bytes = Vec::new();
    put_number(&mut bytes, LAST);
    put_number(&mut bytes, 1);
    // No deriver, a hash, no references, two numbers and a no; then signatures.
    put_string(&mut bytes, "");
    put_string(&mut bytes, "0".repeat(64));
    for number in [0, 1, 1, 0, 1000] {
        put_number(&mut bytes, number);
    }
    let mut part = Vec::new();
    put_string(&mut part, "a".repeat(15 << 20));
    let parts = std::iter::repeat_n(&part[..], 1000);
    let (_, end) = hear(conversation, [&bytes[..]].into_iter().chain(parts));
    let error = end.unwrap_err().to_string();
    assert_eq!(error, "the daemon says more than 33554432 bytes at once");
}

#[test]
fn more_paths_than_were_asked_for_are_none() {
    let path = StorePath::new(format!("/nix/store/{}-a", "a".repeat(32))).unwrap();
    let mut conversation = greeted();
    let question = Question::Valid {
        paths: &[&path],
        substitute: false,
    };
    conversation.ask(question, &mut Vec::new());
    let mut bytes = Vec::new();
    put_number(&mut bytes, LAST);
    put_number(&mut bytes, 2);
    let (_, end) = hear(conversation, [&bytes[..]]);
    let error = end.unwrap_err().to_string();
    assert_eq!(error, "2 paths came where at most 1 were asked for");
}
