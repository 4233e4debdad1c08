//! What is made from the definition of the command line: help, completions, manual pages.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::phoenix::{FLEET, Phoenix};
use crate::rules::tree;
use crate::snapshot;

const FRONT: &str = "\
---
id: reference/cli
title: Command line
summary: Every command with its arguments and options, as --help prints them.
tags: [reference, command-line]
related: [reference/selectors, reference/exit-codes, reference/errors]
---

# Command line

Made by `UPDATE_SNAPSHOTS=1 cargo test --test it cli`. `-h` prints a shorter form of each. Selectors have a page of their
own: [selectors](selectors.md).
";

/// The words of every command, those of a command's own commands after it.
fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    below(&phoenix::cli::command(), &[], &mut found);
    found
}

fn below(command: &clap::Command, words: &[String], found: &mut Vec<Vec<String>>) {
    for inner in command.get_subcommands() {
        let words = [words, &[inner.get_name().to_owned()]].concat();
        found.push(words.clone());
        below(inner, &words, found);
    }
}

fn with<'a>(words: &'a [String], flag: &'a str) -> Vec<&'a str> {
    let words = words.iter().map(String::as_str);
    words.chain([flag]).collect()
}

/// Help as it is printed, without the blanks that clap leaves in empty lines.
fn help(phoenix: &Phoenix, args: &[&str]) -> String {
    let ran = phoenix.run(args);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    ran.out
        .lines()
        .fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

#[test]
fn help_is_the_reference() {
    let phoenix = Phoenix::bare();
    let mut text = FRONT.to_owned();
    let mut add = |title: &str, help: &str| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {title}\n\n```text\n{help}```\n");
    };
    add("phoenix", &help(&phoenix, &["--help"]));
    for words in commands() {
        let title = format!("phoenix {}", words.join(" "));
        add(&title, &help(&phoenix, &with(&words, "--help")));
    }
    snapshot::check(&tree::root().join("docs/reference/cli.md"), &text);
}

#[test]
fn help_fits_a_terminal_of_any_width() {
    let phoenix = Phoenix::bare();
    for words in commands() {
        for line in help(&phoenix, &with(&words, "-h")).lines() {
            assert!(line.chars().count() <= 100, "{words:?}: {line}");
        }
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let ran = Phoenix::bare().run(&["--version"]);
    ran.is(0, concat!("phoenix ", env!("CARGO_PKG_VERSION"), "\n"), "");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a shell is the judge of a script for it"
)]
fn completions_are_scripts() {
    let phoenix = Phoenix::bare();
    for shell in ["bash", "zsh", "fish"] {
        let ran = phoenix.run(&["completions", shell]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        for name in commands().concat() {
            assert!(ran.out.contains(&name), "{shell}: {name}");
        }
        if shell != "bash" {
            continue;
        }
        let mut bash = std::process::Command::new("bash")
            .arg("-n")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = bash.stdin.take().unwrap();
        stdin.write_all(ran.out.as_bytes()).unwrap();
        drop(stdin);
        assert!(bash.wait().unwrap().success());
    }
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let phoenix = Phoenix::bare();
    phoenix.run(&["man", "pages/man1"]).is(0, "", "");
    let folder = phoenix.folder().join("pages/man1");
    let page = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert!(page("phoenix.1").contains("fleet.toml"));
    for words in commands() {
        let file = format!("phoenix-{}.1", words.join("-"));
        assert!(page(&file).contains(".TH"), "{file}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), commands().len() + 1);
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let phoenix = Phoenix::with(FLEET);
    for args in [
        &["list"][..],
        &["--help"],
        &["completions", "bash"],
        &["list", "--json"],
    ] {
        let mut child = phoenix.command(args).spawn().unwrap();
        drop(child.stdout.take());
        let ran = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(!err.contains("panicked"), "{args:?}: {err}");
    }
}
