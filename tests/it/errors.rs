//! The error catalogue: every message a person can meet, in docs/reference/errors.md, and the
//! rules that messages keep.
//!
//! Errors that are types are made and rendered here, with a `match` that names every variant.
//! Messages that are written where something goes wrong are read from the source, so that none
//! can be left out.

mod fleet;
mod hosts;
mod local;
mod page;
mod problems;
mod rules;
mod source;

use std::fmt::Write;

use page::Section;

use super::rules::tree;
use super::snapshot;

const FRONT: &str = "\
---
id: reference/errors
title: Errors
summary: Every error message, with its causes, its hint, and what the exit status follows from.
tags: [reference, errors]
related: [reference/exit-codes, reference/fleet-toml, reference/selectors, guide/when-it-fails]
---

# Errors

Made by `UPDATE_SNAPSHOTS=1 cargo test --test it errors`.

A message says what failed, and where; each cause says why, from the outside in. The hint is the next step. The names,
paths and numbers here are examples. The word in brackets is the kind of trouble, which JSON output carries as `kind`:
*unreachable*, *refused*, *lost* or *failed*; the [exit status](exit-codes.md) follows from it. Errors that end a command
before any host is tried have their exit status there instead.
";

fn typed() -> Vec<Section> {
    let mut sections = local::sections();
    sections.extend(fleet::sections());
    sections.extend(hosts::sections());
    sections.extend(problems::sections());
    sections
}

fn catalogue() -> String {
    let typed = typed();
    let mut text = FRONT.to_owned();
    for section in &typed {
        section.write(&mut text);
    }
    text.push_str(
        "\n## Other messages\n\nAs the source has them, file by file: what stands in braces is filled in.\n",
    );
    let rendered = text.clone();
    for (file, found) in source::messages() {
        let found: Vec<_> = found
            .into_iter()
            .filter(|one| !source::is_rendered(&one.text, &rendered))
            .collect();
        if found.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\n### {file}\n\n```text\n");
        for one in found {
            let _ = writeln!(text, "{}: {}", one.label, one.text);
        }
        text.push_str("```\n");
    }
    text
}

#[test]
fn the_catalogue_is_complete() {
    snapshot::check(&tree::root().join("docs/reference/errors.md"), &catalogue());
}

#[test]
fn messages_keep_the_rules() {
    let mut found: Vec<String> = typed().iter().flat_map(rules::of_section).collect();
    for (file, messages) in source::messages() {
        for one in messages {
            found.extend(
                rules::of_text(one.label, &one.text).map(|fault| format!("{file}: {fault}")),
            );
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_message_can_be_read_from_the_source() {
    let lost = source::unreadable();
    assert!(
        lost.is_empty(),
        "write the message where the error is made, or in a `let` before it:\n{}",
        lost.join("\n")
    );
}

/// Hints that send people to fleet.toml name keys that are there.
#[test]
fn hints_name_keys_that_exist() {
    let reference = tree::text("docs/reference/fleet-toml.md");
    let messages = source::messages();
    let hints = messages.iter().flat_map(|(file, found)| {
        let hints = found.iter().filter(|one| one.label == "hint");
        hints.map(move |one| (file, &one.text))
    });
    let unknown: Vec<String> = hints
        .filter(|(_, text)| text.contains("fleet.toml"))
        .flat_map(|(file, text)| source::keys(text).into_iter().map(move |key| (file, key)))
        .filter(|(_, key)| {
            let last = key.rsplit('.').next().unwrap_or(key);
            !reference.contains(&format!("`{last}`"))
        })
        .map(|(file, key)| format!("{file}: docs/reference/fleet-toml.md has no `{key}`"))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
