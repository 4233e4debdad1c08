//! Holds what style.md says about sizes, forbidden words and forgotten files.

use std::collections::BTreeSet;
use std::path::Path;

use super::rules::lex::{self, Token};
use super::rules::tree::{self, File};

const FILE_LINES: usize = 400;
const MEDIAN_LINES: usize = 150;
const CLI_FILE_LINES: usize = 150;
const MAIN_LINES: usize = 30;
const FUNCTION_LINES: usize = 60;
const EXPECTATIONS: usize = 10;

/// The files from which all others must be reachable.
const ROOTS: [&str; 7] = [
    "src/lib.rs",
    "src/main.rs",
    "src/bin/phoenix-agent.rs",
    "tests/it/main.rs",
    "tests/hosts/main.rs",
    "tests/bench/delay.rs",
    "tests/bench/meter.rs",
];

/// Folders of recorded output, which is kept to the byte.
const RECORDED: [&str; 2] = ["tests/fixtures/", "tests/it/snapshots/"];

fn rust() -> Vec<File> {
    let mut files = tree::rust("src");
    files.extend(tree::rust("tests"));
    files
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn lines_allowed(path: &str) -> usize {
    match path {
        "src/main.rs" => MAIN_LINES,
        path if path.starts_with("src/cli/") => CLI_FILE_LINES,
        _ => FILE_LINES,
    }
}

#[test]
fn files_are_short() {
    let too_long = |file: &File| {
        let (lines, allowed) = (file.text.lines().count(), lines_allowed(&file.path));
        (lines > allowed).then(|| format!("{}: {lines} lines, at most {allowed}", file.path))
    };
    none(&rust().iter().filter_map(too_long).collect::<Vec<_>>());

    let files = tree::rust("src");
    let mut lengths: Vec<usize> = files.iter().map(|file| file.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(
        median <= MEDIAN_LINES,
        "half the files have over {median} lines"
    );
}

#[test]
fn files_begin_with_their_purpose() {
    let silent = |file: &File| {
        let purpose = file
            .text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("//! "));
        purpose
            .is_none()
            .then(|| format!("{}: its first line is no `//! `", file.path))
    };
    none(&rust().iter().filter_map(silent).collect::<Vec<_>>());
}

#[test]
fn functions_are_short() {
    none(&rust().iter().flat_map(long_functions).collect::<Vec<_>>());
}

fn long_functions(file: &File) -> Vec<String> {
    let tokens = lex::tokens(&file.text);
    let mut found = Vec::new();
    for at in 0..tokens.len().saturating_sub(1) {
        let (word, name) = (&tokens[at], &tokens[at + 1]);
        if word.text != "fn"
            || !name
                .text
                .starts_with(|c: char| c.is_alphabetic() || c == '_')
        {
            continue;
        }
        let end = lex::end_of_item(&tokens, at) - 1;
        let lines = tokens[end].line + 1 - word.line;
        if lines > FUNCTION_LINES {
            found.push(format!(
                "{}:{}: {} has {lines} lines, at most {FUNCTION_LINES}",
                file.path, word.line, name.text
            ));
        }
    }
    found
}

/// Rust that nobody may write, in all files or outside tests, and what to write instead.
const FORBIDDEN: [(&[&str], bool, &str); 8] = [
    (
        &["[", "allow", "("],
        true,
        "use `#[expect(…, reason = \"…\")]`",
    ),
    (&["[", "ignore"], true, "mend or remove the test"),
    (&["todo", "!"], true, "build it or leave it out"),
    (&["unimplemented", "!"], true, "build it or leave it out"),
    (&["dbg", "!"], true, "remove it"),
    (
        &[".", "unwrap", "("],
        false,
        "use `?`, or `expect(\"why it cannot fail\")`",
    ),
    (&["print", "!"], false, "only ui prints"),
    (&["eprint", "!"], false, "only ui prints"),
];

#[test]
fn forbidden_words_are_absent() {
    let shipped = reachable(lex::without_tests);
    let found = rust().into_iter().flat_map(|file| {
        let is_test = file.path.starts_with("tests/") || !shipped.contains(&file.path);
        forbidden(&file, is_test)
    });
    none(&found.collect::<Vec<_>>());
}

fn forbidden(file: &File, is_test: bool) -> Vec<String> {
    let tokens = lex::tokens(&file.text);
    let outside_tests = if is_test {
        Vec::new()
    } else {
        lex::without_tests(&tokens)
    };
    let mut found = Vec::new();
    for (words, everywhere, instead) in FORBIDDEN {
        let tokens = if everywhere { &tokens } else { &outside_tests };
        for line in lines_of(tokens, words) {
            found.push(format!(
                "{}:{line}: `{}`: {instead}",
                file.path,
                words.concat()
            ));
        }
    }
    found
}

fn lines_of(tokens: &[Token], words: &[&str]) -> Vec<usize> {
    (0..tokens.len())
        .filter(|at| lex::matches(&tokens[*at..], words))
        .map(|at| tokens[at].line)
        .collect()
}

#[test]
fn exceptions_are_few_and_have_reasons() {
    let mut count = 0;
    let mut found = Vec::new();
    for file in rust() {
        let tokens = lex::tokens(&file.text);
        for at in 0..tokens.len() {
            if !lex::matches(&tokens[at..], &["[", "expect", "("]) {
                continue;
            }
            count += usize::from(file.path.starts_with("src/"));
            let inside = &tokens[at..lex::closing(&tokens, at)];
            if !inside.iter().any(|token| token.text == "reason") {
                found.push(format!("{}:{}: no reason", file.path, tokens[at].line));
            }
        }
    }
    none(&found);
    assert!(
        count <= EXPECTATIONS,
        "{count} lints are set aside with `#[expect(…)]` in src, at most {EXPECTATIONS}"
    );
}

#[test]
fn no_file_is_forgotten() {
    let reached = reachable(<[Token]>::to_vec);
    let forgotten = rust()
        .into_iter()
        .filter(|file| !reached.contains(&file.path));
    let found =
        forgotten.map(|file| format!("{}: no `mod` leads here, `#[path]` aside", file.path));
    none(&found.collect::<Vec<_>>());
}

/// The files that `mod name;` lines lead to from the roots, in the part of each file that
/// `looked_at` leaves.
pub(crate) fn reachable(looked_at: fn(&[Token]) -> Vec<Token>) -> BTreeSet<String> {
    let mut todo: Vec<(String, String)> = Vec::new();
    for root in ROOTS {
        let folder = Path::new(root).parent().expect("roots lie in folders");
        todo.push((root.to_owned(), folder.to_string_lossy().into_owned()));
    }
    let mut reached = BTreeSet::new();
    while let Some((path, folder)) = todo.pop() {
        for item in looked_at(&lex::tokens(&tree::text(&path))).windows(3) {
            if item[0].text != "mod" || item[2].text != ";" {
                continue;
            }
            let inner = format!("{folder}/{}", item[1].text);
            let files = [format!("{inner}.rs"), format!("{inner}/mod.rs")];
            let there = files
                .into_iter()
                .filter(|file| tree::root().join(file).is_file());
            todo.extend(there.map(|file| (file, inner.clone())));
        }
        reached.insert(path);
    }
    reached
}

#[test]
fn text_is_clean() {
    let files = tree::files("");
    let kept = |file: &&File| !RECORDED.iter().any(|folder| file.path.starts_with(folder));
    none(
        &files
            .iter()
            .filter(kept)
            .flat_map(blemishes)
            .collect::<Vec<_>>(),
    );
}

fn blemishes(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let at = format!("{}:{}", file.path, number + 1);
        if line.ends_with([' ', '\t', '\r']) {
            found.push(format!("{at}: white space at the end of the line"));
        }
        if let Some(path) = machine_path(&file.path, line) {
            found.push(format!("{at}: `{path}` is a path of one machine"));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        found.push(format!("{}: its last line has no end", file.path));
    }
    found
}

/// A path that only one person's machine has. The lab may speak of its hosts' own `/root`.
fn machine_path(file: &str, line: &str) -> Option<&'static str> {
    const BEFORE: &[char] = &[' ', '\t', '"', '\'', '`', '=', ':', '(', '[', ',', '<', '>'];
    let roots = [concat!("/wor", "k/"), concat!("/roo", "t/")];
    if line.contains(concat!("bash", "_jobs")) {
        return Some(concat!("bash", "_jobs"));
    }
    roots.into_iter().find(|root| {
        let own = file.starts_with("tests/lab/") && *root != roots[0];
        let begins = |at: usize| at == 0 || line[..at].ends_with(BEFORE);
        !own && line.match_indices(root).any(|(at, _)| begins(at))
    })
}

#[test]
fn each_blemish_is_found() {
    let file = |path: &str, text: &str| File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let dirty = format!("a \ncd {}/x\nb", concat!("/wor", "k"));
    assert_eq!(
        blemishes(&file("docs/a.md", &dirty)),
        [
            "docs/a.md:1: white space at the end of the line".to_owned(),
            format!(
                "docs/a.md:2: `{}` is a path of one machine",
                concat!("/wor", "k/")
            ),
            "docs/a.md: its last line has no end".to_owned(),
        ]
    );
    let source = "#[allow(dead_code)] fn a() { b.unwrap(); print!(\"\") }\n\
                  #[cfg(test)] mod tests { fn c() { d.unwrap() } #[ignore] fn e() {} }";
    assert_eq!(forbidden(&file("src/a.rs", source), false).len(), 4);
    assert_eq!(forbidden(&file("src/a/tests.rs", source), true).len(), 2);
    let long = format!("fn long() {{{}}}", "\n".repeat(FUNCTION_LINES));
    assert_eq!(
        long_functions(&file("src/a.rs", &long)),
        ["src/a.rs:1: long has 61 lines, at most 60"]
    );
}
