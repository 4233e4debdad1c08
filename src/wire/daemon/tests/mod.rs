//! Conversations with the daemons of three versions of Nix, which tests/fixtures/daemon/record
//! recorded: phoenix says what they were told, and understands what they said.

mod cases;
mod hostile;
mod pace;
mod unrecorded;

use cases::{CASES, Want, logged, said, wanted};

use super::*;

const VERSIONS: [&str; 3] = ["2.8.0", "2.26.3", "2.34.8"];

fn fixture(folder: &str, case: &str) -> Vec<u8> {
    let path = format!(
        "{}/tests/fixtures/daemon/{folder}/{case}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What is understood of bytes that arrive in these pieces, and why nothing after it is.
fn hear<'a>(
    mut conversation: Conversation,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Heard>, Result<usize, ConversationError>) {
    let mut all = Vec::new();
    for piece in pieces {
        conversation.arrived(piece);
        loop {
            match conversation.hear() {
                Ok(Some(heard)) => all.push(heard),
                Ok(None) => break,
                Err(error) => return (all, Err(error)),
            }
        }
    }
    (all, Ok(conversation.open()))
}

/// The conversation of a case, with all that phoenix says in it said.
fn after(case: &str) -> Conversation {
    said(case).0
}

#[test]
fn phoenix_says_what_was_recorded() {
    for case in CASES {
        let (_, bytes) = said(case);
        let recorded = fixture("sent", case);
        let same = bytes.iter().zip(&recorded).take_while(|(a, b)| a == b);
        let same = same.count();
        assert!(bytes == recorded, "{case} differs from byte {same} on");
    }
}

#[test]
fn each_daemon_is_understood() {
    for (version, case) in each() {
        let about = format!("{version}, {case}");
        let bytes = fixture(version, case);
        let (heard, end) = hear(after(case), [&bytes[..]]);
        assert_eq!(end, Ok(0), "{about}: {heard:?}");
        let mut heard = heard.into_iter();
        let greeting = Greeting {
            nix: Some(version.to_owned()),
            trusts: (version != "2.8.0").then_some(true),
        };
        assert_eq!(heard.next(), Some(Heard::Greeting(greeting)), "{about}");
        let (mut answers, mut log) = (Vec::new(), String::new());
        for heard in heard {
            match heard {
                Heard::Answer(answer) => answers.push(answer),
                Heard::Log(line) => log.push_str(&line),
                Heard::Greeting(_) => panic!("{about}: two greetings"),
            }
        }
        assert!(log.contains(logged(case)), "{about}: {log}");
        assert_eq!(log.is_empty(), logged(case).is_empty(), "{about}: {log}");
        check(&about, &answers, &wanted(case));
    }
}

fn check(about: &str, answers: &[Answer], wanted: &[Want]) {
    assert_eq!(answers.len(), wanted.len(), "{about}: {answers:?}");
    for (answer, want) in answers.iter().zip(wanted) {
        match (answer, want) {
            (Answer::Failed(error), Want::Fails(words)) => {
                let said = error.to_string();
                assert!(said.contains(words), "{about}: {said}");
            }
            (answer, Want::Is(expected)) => assert_eq!(answer, expected, "{about}"),
            (answer, Want::Fails(words)) => panic!("{about}: {answer:?}, not {words:?}"),
        }
    }
}

/// Each beginning is one that more may follow: no error, and something is still to be said.
#[test]
fn it_does_not_matter_how_bytes_arrive() {
    for (version, case) in each() {
        let bytes = fixture(version, case);
        let whole = hear(after(case), [&bytes[..]]);
        assert_eq!(hear(after(case), bytes.chunks(1)), whole);
        for at in 0..bytes.len() {
            let (start, rest) = bytes.split_at(at);
            let about = format!("{version}, {case}, split after {at} bytes");
            assert_eq!(hear(after(case), [start, rest]), whole, "{about}");
            let (heard, end) = hear(after(case), [start]);
            assert_eq!(heard[..], whole.0[..heard.len()], "{about}");
            // All but the greeting has questions after it, and it has messages.
            let is_open = case == "greeting" || end.as_ref().is_ok_and(|open| *open > 0);
            assert!(is_open && end.is_ok(), "{about}: {end:?}");
        }
    }
}

fn each() -> impl Iterator<Item = (&'static str, &'static str)> {
    let cases = |version| CASES.into_iter().map(move |case| (version, case));
    VERSIONS.into_iter().flat_map(cases)
}
