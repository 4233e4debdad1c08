//! What none of the recorded daemons said, and others may.

use super::{Answer, Conversation, Heard, Question, hear};
use crate::model::StorePath;
use crate::wire::atom::{put_number, put_string};

const MAGIC: u64 = 0x6478_696f;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;

/// A daemon's greeting with this version of the protocol, as Nix 2.34 would have it.
fn greeting(major: u64, minor: u64, trust: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, MAGIC);
    put_number(&mut bytes, (major << 8) | minor);
    put_string(&mut bytes, "2.99");
    put_number(&mut bytes, trust);
    put_number(&mut bytes, LAST);
    bytes
}

fn greeted(bytes: &[u8]) -> Result<Option<bool>, String> {
    let (heard, end) = hear(Conversation::begin().0, [bytes]);
    let _open = end.map_err(|error| error.to_string())?;
    match &heard[..] {
        [Heard::Greeting(greeting)] => {
            assert_eq!(greeting.nix.as_deref(), Some("2.99"));
            Ok(greeting.trusts)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn daemons_say_whether_they_trust() {
    for (trust, expected) in [(0, None), (1, Some(true)), (2, Some(false))] {
        for minor in [35, 37, 38, 255] {
            assert_eq!(greeted(&greeting(1, minor, trust)), Ok(expected));
        }
    }
    let error = greeted(&greeting(1, 35, 3)).unwrap_err();
    assert_eq!(error, "3 says nothing about trust");
}

#[test]
fn other_protocols_are_refused() {
    for (major, minor) in [(1, 33), (1, 0), (0, 99), (2, 0), (2, 40)] {
        let error = greeted(&greeting(major, minor, 1)).unwrap_err();
        let words = format!("it speaks version {major}.{minor} of the protocol");
        assert!(error.starts_with(&words), "{error}");
    }
    let error = greeted(b"sudo: a password is required\n").unwrap_err();
    assert!(
        error.contains(r#"its first bytes are "sudo: a ""#),
        "{error}"
    );
}

/// An error as Nix writes it since 2.4.
fn error(message: &[u8], traces: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, ERROR);
    put_string(&mut bytes, "Error");
    put_number(&mut bytes, 0);
    put_string(&mut bytes, "Error");
    put_string(&mut bytes, message);
    put_number(&mut bytes, 0);
    put_number(&mut bytes, traces.len() as u64);
    for trace in traces {
        put_number(&mut bytes, 0);
        put_string(&mut bytes, trace);
    }
    bytes
}

#[test]
fn errors_say_where_they_came_about() {
    let path = StorePath::new(format!("/nix/store/{}-a", "a".repeat(32))).unwrap();
    let (mut conversation, _) = Conversation::begin();
    for _ in 0..2 {
        conversation.ask(Question::Protect(&path), &mut Vec::new());
    }
    let mut bytes = greeting(1, 38, 1);
    bytes.extend(error(b"no \xff room", &["while adding", "while serving"]));
    bytes.extend(error(b"again", &[]));
    let (heard, end) = hear(conversation, bytes.chunks(1));
    assert_eq!(end, Ok(0));
    let [_, first, second] = &heard[..] else {
        panic!("{heard:?}");
    };
    let (Heard::Answer(Answer::Failed(first)), Heard::Answer(Answer::Failed(second))) =
        (first, second)
    else {
        panic!("{heard:?}");
    };
    assert_eq!(first.message, "no \u{fffd} room");
    assert_eq!(first.traces, ["while adding", "while serving"]);
    assert_eq!(second.to_string(), "again");
}

/// A daemon that lets nobody in says so where its messages after the greeting should end.
#[test]
fn a_daemon_that_greets_with_an_error_is_told() {
    let mut bytes = greeting(1, 35, 2);
    bytes.truncate(bytes.len() - 8);
    bytes.extend(error(b"you may not", &[]));
    let (heard, end) = hear(Conversation::begin().0, [&bytes[..]]);
    assert_eq!(heard.len(), 1);
    assert_eq!(end.unwrap_err().to_string(), "you may not");
}

/// What asks for something back, as daemons did before 2.4, is nonsense: nobody would answer.
#[test]
fn messages_that_phoenix_does_not_know_end_the_conversation() {
    for message in [0x6461_7461, 0x6461_7416, 0, u64::MAX] {
        let mut bytes = greeting(1, 35, 1);
        let path = StorePath::new(format!("/nix/store/{}-a", "a".repeat(32))).unwrap();
        let (mut conversation, _) = Conversation::begin();
        conversation.ask(Question::IsValid(&path), &mut Vec::new());
        put_number(&mut bytes, message);
        let (_, end) = hear(conversation, [&bytes[..]]);
        let error = end.unwrap_err().to_string();
        assert!(error.ends_with("is no message of a daemon"), "{error}");
    }
}

/// Once all is answered, nothing may come: the next answer would be taken for another's.
#[test]
fn what_nobody_asked_for_ends_the_conversation() {
    let mut bytes = greeting(1, 35, 1);
    put_number(&mut bytes, LAST);
    let (_, end) = hear(Conversation::begin().0, [&bytes[..]]);
    let error = end.unwrap_err().to_string();
    assert_eq!(error, "the daemon says 8 bytes that nobody asked for");
}
