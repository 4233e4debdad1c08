//! Holds the module table of docs/architecture.md: who may use whom, and who is the only door
//! for what. The table is read from the document, so the two cannot differ.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::lex::{self, Token};
use super::rules::tree::{self, File};

const DOCUMENT: &str = "docs/architecture.md";
const HEAD: &str = "| module | duty | may use | only door for |";

/// A row of the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    /// `None` for "all".
    may_use: Option<BTreeSet<String>>,
    /// Rust text that may stand in this module (and in others whose row has it too) only.
    doors: Vec<String>,
}

type Table = BTreeMap<String, Row>;

/// Reads the table. A row may use only modules of rows above it, so that no circle can be allowed.
fn read_table(document: &str) -> Table {
    let mut table = Table::new();
    let rows = document.lines().skip_while(|line| *line != HEAD).skip(2);
    for line in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [module, _, may_use, doors] = cells.as_slice() else {
            panic!("{DOCUMENT}: this row has not four cells: {line}");
        };
        let may_use = match *may_use {
            "all" => None,
            "–" => Some(BTreeSet::new()),
            names => Some(
                names
                    .split(',')
                    .map(|name| name.trim().to_owned())
                    .collect(),
            ),
        };
        for name in may_use.iter().flatten() {
            assert!(
                table.contains_key(name),
                "{DOCUMENT}: {module} may use {name}, which no row above it describes"
            );
        }
        let doors = quoted(doors);
        table.insert(module.trim_matches('`').to_owned(), Row { may_use, doors });
    }
    assert!(!table.is_empty(), "{DOCUMENT} has no table `{HEAD}`");
    table
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<String> {
    let parts = cell.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// One file's breaches of the table, each as a sentence.
fn breaches(table: &Table, file: &File) -> Vec<String> {
    let tokens = lex::tokens(&file.text);
    let place = modules_of(&file.path);
    let name = place.first().cloned().unwrap_or_default();
    let mut found = forbidden_doors(table, &file.path, &name, &tokens);
    let Some(row) = table.get(&name) else {
        return found;
    };
    for (line, target) in edges(&place, &tokens) {
        let allowed = target == name
            || table.contains_key(&target)
                && row
                    .may_use
                    .as_ref()
                    .is_none_or(|uses| uses.contains(&target));
        if !allowed {
            found.push(format!("{}:{line}: {name} may not use {target}", file.path));
        }
    }
    found
}

fn forbidden_doors(table: &Table, path: &str, name: &str, tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    let doors: BTreeSet<&String> = table.values().flat_map(|row| &row.doors).collect();
    for door in doors {
        let owners: Vec<&str> = table
            .iter()
            .filter(|(_, row)| row.doors.contains(door))
            .map(|(owner, _)| owner.as_str())
            .collect();
        let texts: Vec<String> = lex::tokens(door)
            .into_iter()
            .map(|token| token.text)
            .collect();
        for at in 0..tokens.len() {
            if !owners.contains(&name) && lex::matches(&tokens[at..], &texts) {
                let line = tokens[at].line;
                let owners = owners.join(" and ");
                found.push(format!("{path}:{line}: `{door}` belongs in {owners} only"));
            }
        }
    }
    found
}

/// The modules a file's text lies in, outermost first; empty for `lib.rs` and the programs.
fn modules_of(path: &str) -> Vec<String> {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    if inner.starts_with("bin/") || !path.contains('/') || ["lib", "main"].contains(&inner) {
        return Vec::new();
    }
    inner.split('/').map(str::to_owned).collect()
}

/// The top-level modules that a file's paths lead to, with their lines. A path that leads out
/// of the crate, or takes all of it, leads to a module of no row.
fn edges(place: &[String], tokens: &[Token]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut here = place.to_vec();
    let mut inner: Vec<bool> = Vec::new();
    for at in 0..tokens.len() {
        match tokens[at].text.as_str() {
            "{" => {
                let named = at >= 2 && tokens[at - 2].text == "mod";
                if named {
                    here.push(tokens[at - 1].text.clone());
                }
                inner.push(named);
            }
            "}" if inner.pop() == Some(true) => {
                here.pop();
            }
            "crate" if is_path(tokens, at) => follow(tokens, at + 1, &[], &mut found),
            "super" if is_path(tokens, at) && !continues(tokens, at) => {
                let above = &here[..here.len().saturating_sub(1)];
                follow(tokens, at + 1, above, &mut found);
            }
            _ => {}
        }
    }
    found
}

fn is_path(tokens: &[Token], at: usize) -> bool {
    lex::matches(&tokens[at + 1..], &[":", ":"])
}

/// Whether the word at `at` goes on with a path that began before it.
fn continues(tokens: &[Token], at: usize) -> bool {
    at >= 2 && tokens[at - 1].text == ":" && tokens[at - 2].text == ":"
}

/// Follows a path from its `::` at `at`, which stands behind the module `base`.
fn follow(tokens: &[Token], at: usize, base: &[String], found: &mut Vec<(usize, String)>) {
    if !lex::matches(&tokens[at..], &[":", ":"]) {
        return;
    }
    step(tokens, at + 2, base, found);
}

fn step(tokens: &[Token], at: usize, base: &[String], found: &mut Vec<(usize, String)>) {
    let Some(token) = tokens.get(at) else {
        return;
    };
    match (token.text.as_str(), base) {
        ("{", _) => group(tokens, at, base, found),
        ("super", [above @ .., _]) => follow(tokens, at + 1, above, found),
        ("self", _) => follow(tokens, at + 1, base, found),
        (name, []) => found.push((token.line, name.to_owned())),
        _ => {}
    }
}

/// Follows each part of `{a, b::{c, d}, super::e}`.
fn group(tokens: &[Token], open: usize, base: &[String], found: &mut Vec<(usize, String)>) {
    let close = lex::closing(tokens, open);
    let mut at = open + 1;
    while at < close {
        step(tokens, at, base, found);
        while at < close && tokens[at].text != "," {
            at = match tokens[at].text.as_str() {
                "{" => lex::closing(tokens, at) + 1,
                _ => at + 1,
            };
        }
        at += 1;
    }
}

#[test]
fn no_module_uses_another_than_the_table_allows() {
    let table = read_table(&tree::text(DOCUMENT));
    let files = tree::rust("src");
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| breaches(&table, file))
        .collect();
    assert!(
        found.is_empty(),
        "{}\n\nthe table is in {DOCUMENT}; change it there when it is wrong, in a commit of its own\n",
        found.join("\n")
    );
}

#[test]
fn the_table_describes_every_module_and_no_other() {
    let table = read_table(&tree::text(DOCUMENT));
    let tokens = lex::tokens(&tree::text("src/lib.rs"));
    let declared: BTreeSet<&str> = tokens
        .windows(2)
        .filter(|pair| pair[0].text == "mod")
        .map(|pair| pair[1].text.as_str())
        .collect();
    let described: BTreeSet<&str> = table.keys().map(String::as_str).collect();
    assert_eq!(
        described, declared,
        "{DOCUMENT} (left) and src/lib.rs (right) differ"
    );
}

const EXAMPLE: &str = "\
| module | duty | may use | only door for |
|---|---|---|---|
| `model` | words | – | – |
| `fleet` | the file | model | `toml::` |
| `ui` | shows | model, fleet | `println!`, the terminal |
| `adapter` | the outside | model | `Command::new` |
| `cli` | wires | all | `clap` |
";

fn check(path: &str, text: &str, expected: &[&str]) {
    let file = File {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(breaches(&read_table(EXAMPLE), &file), expected, "{text}");
}

#[test]
fn a_forbidden_edge_is_found_however_it_is_written() {
    let breach = "src/fleet/file.rs:1: fleet may not use ui";
    for text in [
        "use crate::ui::State;",
        "use crate::{model::{Tag, HostName}, ui};",
        "use crate::{self as all, ui::{A, B}};",
        "fn a() { crate::ui::show() }",
        "use super::super::ui;",
        "use super::{super::ui::A, check};",
        "use super::super::{model, ui};",
        "mod a { use super::super::super::ui; }",
        "#[cfg(test)] mod tests { use crate::ui; }",
        "macro_rules! a { () => { $crate::ui::show() } }",
    ] {
        check("src/fleet/file.rs", text, &[breach]);
    }
    let in_tests = "src/fleet/tests.rs:2: fleet may not use adapter";
    check("src/fleet/tests.rs", "\nuse crate::adapter;", &[in_tests]);
    let unknown = "src/model/mod.rs:1: model may not use *";
    check("src/model/mod.rs", "use crate::*;", &[unknown]);
}

#[test]
fn what_is_allowed_is_not_reported() {
    for text in [
        "use crate::model::HostName; use crate::{fleet, model};",
        "use super::check; use super::super::model; use super::super::fleet::check;",
        "mod tests { use super::super::x; use super::*; }",
        "pub(crate) fn a() {} // crate::ui\nconst A: &str = \"crate::ui, Command::new, clap\";",
    ] {
        check("src/fleet/file.rs", text, &[]);
    }
    check(
        "src/cli/mod.rs",
        "use crate::{adapter, ui}; use clap::Parser;",
        &[],
    );
    check("src/main.rs", "fn main() { phoenix::cli::main() }", &[]);
}

#[test]
fn a_thing_of_the_outside_is_found_away_from_its_door() {
    let toml = "src/ui/mod.rs:1: `toml::` belongs in fleet only";
    check("src/ui/mod.rs", "fn a() { toml::from_str(t) }", &[toml]);
    let command = "src/main.rs:2: `Command::new` belongs in adapter only";
    check(
        "src/main.rs",
        "fn a() {\n    std::process::Command::new(b) }",
        &[command],
    );
    let print = "src/fleet/check.rs:1: `println!` belongs in ui only";
    check("src/fleet/check.rs", "fn a() { println!(\"\") }", &[print]);
    check("src/fleet/file.rs", "fn a() { toml::from_str(t) }", &[]);
}
