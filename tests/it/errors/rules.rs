//! What every message keeps to.

use super::page::{Entry, Section};

/// Words that are written with a capital wherever they stand.
const NAMES: [&str; 3] = ["Nix", "SSH", "NixOS"];

/// Shorter texts may stand in two lines by chance.
const SAME: usize = 8;

pub(super) fn of_section(section: &Section) -> Vec<String> {
    let faults = |entry: &Entry| {
        let problem = &entry.problem;
        let mut found: Vec<String> = of_text("message", &problem.message).collect();
        if let Some(hint) = &problem.hint {
            found.extend(of_text("hint", &hint.0));
        }
        let lines: Vec<&str> = std::iter::once(&problem.message)
            .chain(&problem.causes)
            .map(String::as_str)
            .collect();
        for line in &lines {
            let twice = said_twice(line).then(|| format!("`{line}` says something twice"));
            found.extend(twice);
        }
        found.extend(repeated(&lines));
        found
            .into_iter()
            .map(|fault| format!("{}: {fault}", entry.name))
            .collect::<Vec<_>>()
    };
    section.entries.iter().flat_map(faults).collect()
}

/// What is wrong with one text, whichever it is.
pub(super) fn of_text(label: &str, text: &str) -> impl Iterator<Item = String> {
    let first = text.split([' ', ',', ':']).next().unwrap_or_default();
    let capital = text.starts_with(char::is_uppercase) && !NAMES.contains(&first);
    let stop = text.ends_with('.') && !text.ends_with("..");
    let twice = said_twice(text);
    [
        (capital, "begins with a capital"),
        (stop, "ends in a full stop"),
        (twice, "says something twice"),
        (text.trim() != text || text.is_empty(), "is not trimmed"),
    ]
    .into_iter()
    .filter(|(wrong, _)| *wrong)
    .map(move |(_, what)| format!("{label} `{text}` {what}"))
    .collect::<Vec<_>>()
    .into_iter()
}

/// Whether parts between colons are the same, or a place is named again.
fn said_twice(text: &str) -> bool {
    let parts: Vec<&str> = text.split(": ").collect();
    let long = |part: &&str| part.len() >= SAME;
    let places: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_end_matches([':', ',', ';']))
        .filter(|word| word.len() >= SAME && word.contains(['/', ':']))
        .collect();
    let again = |words: &[&str]| {
        let mut later = 1..words.len();
        later.any(|at| long(&words[at]) && words[..at].contains(&words[at]))
    };
    again(&parts) || again(&places)
}

/// Lines of one error that hold another of its lines.
fn repeated(lines: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        for (other_at, other) in lines.iter().enumerate() {
            if at != other_at && line.len() >= SAME && other.contains(line) {
                found.push(format!("`{line}` is said again in `{other}`"));
            }
        }
    }
    found
}

#[test]
fn each_fault_of_a_text_is_found() {
    for (text, count) in [
        ("no host is called `web9`", 0),
        ("Nix does not run", 0),
        ("No host", 1),
        ("it failed.", 1),
        ("copying failed: copying failed", 1),
        (" x.", 2),
        ("X. ", 2),
    ] {
        assert_eq!(of_text("message", text).count(), count, "{text}");
    }
    assert_eq!(
        repeated(&["no route to host", "x: no route to host"]).len(),
        1
    );
}
