//! Which hosts a command is about.

use std::io::Read;

use clap::Args;

use super::error::{CliError, INVALID, USAGE};
use crate::fleet::{Fleet, Selector, names_from_lines};
use crate::model::HostName;

/// Which hosts.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Hosts: names, globs (web*), tags (@web), `not X`, `X and Y`; `-` reads names from standard input
    #[arg(value_name = "SELECTOR", conflicts_with = "all")]
    pub(super) selectors: Vec<String>,
    /// Select every host of the fleet
    #[arg(short, long)]
    pub(super) all: bool,
}

/// Which hosts a command that only looks is about.
#[derive(Debug, Args)]
pub(super) struct Scope {
    /// Hosts: names, globs, tags; all when none is given
    #[arg(value_name = "SELECTOR", conflicts_with = "all")]
    pub(super) selectors: Vec<String>,
    /// Select every host of the fleet, as when none is given
    #[arg(short, long)]
    pub(super) all: bool,
}

/// The hosts of a command that changes something: named, or `--all`, never by default.
pub(super) fn required(selection: &Selection, fleet: &Fleet) -> Result<Vec<HostName>, CliError> {
    if selection.selectors.is_empty() && !selection.all {
        return Err(CliError::new(USAGE, "no host was selected")
            .hint("name hosts, globs or @tags, or give --all for the whole fleet"));
    }
    named_or_all(&selection.selectors, fleet)
}

/// The hosts of a command that only looks.
pub(super) fn looked_at(scope: &Scope, fleet: &Fleet) -> Result<Vec<HostName>, CliError> {
    let words = if scope.all {
        &[]
    } else {
        scope.selectors.as_slice()
    };
    named_or_all(words, fleet)
}

/// The hosts that are named, or all when none is.
pub(super) fn named_or_all(words: &[String], fleet: &Fleet) -> Result<Vec<HostName>, CliError> {
    let selector = if words.is_empty() {
        Ok(Selector::all())
    } else {
        Selector::parse(&expanded(words)?)
    };
    selector
        .and_then(|selector| selector.pick(fleet))
        .map_err(|error| {
            let hint = error.hint();
            let mut told = CliError::from_error(INVALID, &error);
            told.problem.hint = hint;
            told
        })
}

/// Puts the names from standard input in place of `-`.
fn expanded(words: &[String]) -> Result<Vec<String>, CliError> {
    let mut expanded = Vec::new();
    for word in words {
        if word != "-" {
            expanded.push(word.clone());
            continue;
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| CliError::from_error(USAGE, &error))?;
        let names = names_from_lines(&text);
        if names.is_empty() {
            return Err(CliError::new(USAGE, "standard input named no host"));
        }
        expanded.extend(names);
    }
    Ok(expanded)
}
