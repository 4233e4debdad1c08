//! Finds the messages that src writes where something goes wrong, so that none is forgotten.

use std::collections::BTreeMap;

use crate::rules::lex::{self, Token};
use crate::rules::tree;
use crate::tidy;

/// Imitates the world for the scenarios, and is never met by a person.
const IMITATION: &str = "src/world/fake";

/// Makes a problem of whatever it is given.
const CONSTRUCTOR: &str = "src/cli/error.rs";

/// A text that a message, cause or hint is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// What it is: the kind of a problem, `exit 2`, `error`, `cause` or `hint`.
    pub(super) label: &'static str,
    /// The text, with braces where something is filled in.
    pub(super) text: String,
}

/// A call that makes a message: its tokens, which argument is the text, what the text is.
const CALLS: [(&[&str], usize, &str); 8] = [
    (&["Problem", ":", ":", "new", "("], 1, ""),
    (&["CliError", ":", ":", "new", "("], 1, ""),
    (&["#", "[", "error", "("], 0, "error"),
    (&[".", "because", "("], 0, "cause"),
    (&["lost", "("], 0, "cause"),
    (&[".", "with_hint", "("], 0, "hint"),
    (&[".", "hint", "("], 0, "hint"),
    (&["Hint", ":", ":", "new", "("], 0, "hint"),
];

/// The label of a problem whose kind follows from something else.
const UNNAMED: &str = "problem";

/// What the first argument of a call says about its text.
const KINDS: [(&str, &str); 7] = [
    ("Unreachable", "unreachable"),
    ("Refused", "refused"),
    ("Lost", "lost"),
    ("Failed", "failed"),
    ("USAGE", "exit 2"),
    ("INVALID", "exit 3"),
    ("EVALUATION", "exit 4"),
];

/// The messages of every file that ships, in the order in which they stand there.
pub(super) fn messages() -> BTreeMap<String, Vec<Message>> {
    read()
        .into_iter()
        .map(|(file, (found, _))| (file, found))
        .collect()
}

/// Places that make an error whose message cannot be read there.
pub(super) fn unreadable() -> Vec<String> {
    read().into_values().flat_map(|(_, lost)| lost).collect()
}

fn read() -> BTreeMap<String, (Vec<Message>, Vec<String>)> {
    let shipped = tidy::reachable(lex::without_tests);
    let ships =
        |file: &tree::File| shipped.contains(&file.path) && !file.path.starts_with(IMITATION);
    let scanned = |file: tree::File| {
        let tokens = lex::without_tests(&lex::tokens(&file.text));
        let found = scan(&file.path, &tokens);
        (file.path, found)
    };
    let files = tree::rust("src").into_iter();
    files.filter(ships).map(scanned).collect()
}

fn scan(file: &str, tokens: &[Token]) -> (Vec<Message>, Vec<String>) {
    let mut found: Vec<Message> = Vec::new();
    let mut lost = Vec::new();
    for at in 0..tokens.len() {
        found.extend(of_table(tokens, at));
        let fits = |(words, ..): &&(&[&str], usize, &str)| lex::matches(&tokens[at..], words);
        let Some((words, place, label)) = CALLS.iter().find(fits) else {
            continue;
        };
        // What a constructor passes on is read where the constructor is called.
        if (at > 0 && tokens[at - 1].text == "fn") || file == CONSTRUCTOR {
            continue;
        }
        let open = at + words.len() - 1;
        let label = if label.is_empty() {
            kind(argument(tokens, open, 0))
        } else {
            label
        };
        let texts = resolve(tokens, at, argument(tokens, open, *place));
        // A cause may be another program's words, a hint another error's; a message is ours.
        if texts.is_empty() && *place == 1 && !is_elsewhere(argument(tokens, open, 1)) {
            lost.push(format!("{file}:{}", tokens[at].line));
        }
        for text in texts {
            let message = Message { label, text };
            if !found.contains(&message) {
                found.push(message);
            }
        }
    }
    // Where the kind follows from something else, the text may have another place to stand.
    let texts: Vec<(&str, String)> = found
        .iter()
        .map(|one| (one.label, one.text.clone()))
        .collect();
    found.retain(|one| {
        let named = |(label, text): &(&str, String)| *label != UNNAMED && *text == one.text;
        one.label != UNNAMED || !texts.iter().any(named)
    });
    (found, lost)
}

/// Whether it is the text of an error that is a type.
fn is_elsewhere(argument: &[Token]) -> bool {
    let typed = ["to_string", "(", ")"];
    argument.len() > 3 && lex::matches(&argument[argument.len() - 3..], &typed)
}

/// The texts of a table of troubles: `ProblemKind::…, "cause", "hint"`.
fn of_table(tokens: &[Token], at: usize) -> Vec<Message> {
    const ROW: [&str; 3] = ["ProblemKind", ":", ":"];
    let row = &tokens[at..];
    let is_text = |at: usize| row.get(at).is_some_and(|token| !token.literal.is_empty());
    if !lex::matches(row, &ROW) || !is_text(5) || !is_text(7) {
        return Vec::new();
    }
    let text = |label, at: usize| Message {
        label,
        text: plain(&row[at].literal),
    };
    vec![text("cause", 5), text("hint", 7)]
}

fn kind(argument: &[Token]) -> &'static str {
    let named = |(word, _): &&(&str, &str)| argument.iter().any(|token| token.text == *word);
    KINDS.iter().find(named).map_or(UNNAMED, |(_, label)| label)
}

/// The tokens of one argument of the call whose bracket opens at `open`.
fn argument(tokens: &[Token], open: usize, place: usize) -> &[Token] {
    let end = lex::closing(tokens, open);
    let mut begin = open + 1;
    let mut at = begin;
    let mut count = 0;
    while at < end {
        match tokens[at].text.as_str() {
            "(" | "[" | "{" => at = lex::closing(tokens, at),
            "," if count == place => return &tokens[begin..at],
            "," => (count, begin) = (count + 1, at + 1),
            _ => {}
        }
        at += 1;
    }
    if count == place {
        &tokens[begin..end]
    } else {
        &[]
    }
}

/// The texts an expression can come to, as far as they are written in the file.
fn resolve(tokens: &[Token], at: usize, expression: &[Token]) -> Vec<String> {
    let direct = texts(expression);
    if !direct.is_empty() {
        return direct;
    }
    let Some(name) = expression.iter().find(|token| token.text != "&") else {
        return Vec::new();
    };
    // Anything but a plain name is made of another value.
    let plain = expression.iter().skip(1).all(|token| {
        [".", "(", ")", "clone", "into", "to_owned"].contains(&token.text.as_str())
            || token.text == name.text
    });
    if !plain {
        return Vec::new();
    }
    match bound(&tokens[..at], &name.text) {
        Some(found) => found,
        None => passed(tokens, at, &name.text),
    }
}

/// The texts of the nearest `let name = …;` before.
fn bound(before: &[Token], name: &str) -> Option<Vec<String>> {
    let is_let = |at: &usize| {
        lex::matches(&before[*at..], &["let", name, "="])
            || lex::matches(&before[*at..], &["let", "mut", name, "="])
    };
    let begin = (0..before.len()).rev().find(is_let)?;
    // A function between: the name there is another one.
    let rest = &before[begin..];
    if rest.iter().any(|token| token.text == "fn") {
        return None;
    }
    let mut end = 0;
    while end < rest.len() && rest[end].text != ";" {
        end = match rest[end].text.as_str() {
            "(" | "[" | "{" => lex::closing(rest, end) + 1,
            _ => end + 1,
        };
    }
    Some(texts(&rest[..end.min(rest.len())]))
}

/// The texts that calls in the file hand to the function or closure around `at` as `name`.
fn passed(tokens: &[Token], at: usize, name: &str) -> Vec<String> {
    let is_head = |at: &usize| {
        tokens[*at].text == "fn"
            || (tokens[*at].text == "let" && lex::matches(&tokens[*at + 2..], &["=", "|"]))
    };
    let Some(head) = (0..at).rev().find(is_head) else {
        return Vec::new();
    };
    let function = &tokens[head + 1].text;
    let is_closure = tokens[head].text == "let";
    let parameters: Vec<&str> = if is_closure {
        let words = tokens[head + 4..at].iter().map(|token| token.text.as_str());
        words.take_while(|word| *word != "|").collect()
    } else {
        let Some(open) = (head..at).find(|at| tokens[*at].text == "(") else {
            return Vec::new();
        };
        let close = lex::closing(tokens, open);
        let words = tokens[open + 1..close].iter();
        words.map(|token| token.text.as_str()).collect()
    };
    let Some(place) = parameters
        .split(|word| *word == ",")
        .position(|parameter| parameter.contains(&name))
    else {
        return Vec::new();
    };
    let calls = (1..tokens.len()).filter(|call| {
        lex::matches(&tokens[*call..], &[function.as_str(), "("])
            && !["fn", "."].contains(&tokens[*call - 1].text.as_str())
    });
    calls
        .flat_map(|call| {
            let given = argument(tokens, call + 1, place);
            let direct = texts(given);
            match given {
                [one] if direct.is_empty() => bound(&tokens[..call], &one.text).unwrap_or_default(),
                _ => direct,
            }
        })
        .collect()
}

/// The literals of an expression that are not filled into another one.
fn texts(expression: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < expression.len() {
        let rest = &expression[at..];
        if lex::matches(rest, &["format", "!", "("]) {
            found.extend(rest.get(3).map(|token| plain(&token.literal)));
            at += lex::closing(rest, 2);
        } else if lex::matches(rest, &[".", "join", "("]) || lex::matches(rest, &[".", "map", "("])
        {
            at += lex::closing(rest, 2);
        } else if !rest[0].literal.is_empty() {
            found.push(plain(&rest[0].literal));
            // An attribute's literal is followed by what is filled in.
            if at == 0 {
                break;
            }
        }
        at += 1;
    }
    found.retain(|text| text != "{0}" && text != "{what}");
    found
}

/// A literal as it is read: without escapes, and on one line.
fn plain(literal: &str) -> String {
    let mut text = String::new();
    let mut lines = literal.split("\\\n");
    text.push_str(lines.next().unwrap_or_default());
    for line in lines {
        text.push_str(line.trim_start());
    }
    text.replace("\\\"", "\"")
        .replace("{{", "{")
        .replace("}}", "}")
}

/// What a text has in backquotes that could be a key of fleet.toml.
pub(super) fn keys(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let words = quoted.map(|part| part.split(' ').next().unwrap_or(part));
    let is_key = |word: &&str| word.chars().all(|c| matches!(c, 'a'..='z' | '_' | '.'));
    words
        .filter(|word| !word.starts_with("nix"))
        .filter(is_key)
        .collect()
}

/// Whether one line of `rendered` holds all fixed parts of a text, in their order.
pub(super) fn is_rendered(text: &str, rendered: &str) -> bool {
    let parts = fixed(text);
    rendered.lines().any(|line| {
        let mut rest = line;
        parts.iter().all(|part| match rest.find(part.as_str()) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    })
}

/// What stands between the braces.
fn fixed(text: &str) -> Vec<String> {
    let outside = text.split('{').enumerate().map(|(at, part)| match at {
        0 => part,
        _ => part.split_once('}').map_or(part, |(_, after)| after),
    });
    outside
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn messages_are_found_however_they_are_written() {
    let source = r#"
        #[error("{0} is gone", .0.display())] struct A;
        fn a() { Problem::new(ProblemKind::Lost, format!("no {x}", "word")).because("it said \"no\"") }
        fn b(to: u8) {
            let message = match to { 1 => "one".to_owned(), _ => format!("not {to}") };
            CliError::new(USAGE, message).hint("go")
        }
        fn c(text: &str, n: u8) { Problem::new(kind, text) }
        fn d() { c("passed", 1); let e = |m| Problem::new(ProblemKind::Failed, m); e(format!("f")); }
        fn g(other: &str) { Problem::new(ProblemKind::Failed, other.trim()) }
        const T: [Cause; 1] = [(&["x"], ProblemKind::Lost, "row", "step")];
        #[cfg(test)] mod tests { fn h() { Problem::new(ProblemKind::Failed, "not here"); } }"#;
    let (found, lost) = scan("a.rs", &lex::without_tests(&lex::tokens(source)));
    let lines: Vec<String> = found
        .iter()
        .map(|one| format!("{}: {}", one.label, one.text))
        .collect();
    assert_eq!(
        lines,
        [
            "error: {0} is gone",
            "lost: no {x}",
            "cause: it said \"no\"",
            "exit 2: one",
            "exit 2: not {to}",
            "hint: go",
            "problem: passed",
            "failed: f",
            "cause: row",
            "hint: step",
        ]
    );
    assert_eq!(lost, ["a.rs:10"]);
    assert!(is_rendered("a {b} c {} d", "x a 1 c 2 d"));
    assert!(!is_rendered("a {b} c", "c a"));
}
