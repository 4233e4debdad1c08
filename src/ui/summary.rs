//! What became of a run: a table of all hosts, then what went wrong where.

use std::collections::BTreeMap;
use std::time::Duration;

use super::paint::{Paint, Tone};
use super::state::State;
use super::table::{Cell, Table};
use super::{error, units, words};
use crate::event::HostResult;
use crate::model::{HostName, Outcome};

/// The table and a line that counts; nothing when no host took part.
pub(super) fn table(state: &State, width: Option<usize>, paint: Paint) -> String {
    let mut table = Table::new(&["host", "outcome", "system", "time"]).right(3);
    for row in &state.rows {
        let Some(result) = &row.result else {
            table.row([
                row.host.to_string().into(),
                Cell::toned(Tone::Bad, "no outcome"),
            ]);
            continue;
        };
        table.row([
            row.host.to_string().into(),
            Cell::toned(
                words::tone(&result.outcome),
                words::outcome(&result.outcome),
            ),
            change(&row.host, result).into(),
            units::took(Duration::from_millis(result.millis)).into(),
        ]);
    }
    if table.is_empty() {
        return String::new();
    }
    let counts = paint.tone(Tone::Strong, count(state));
    format!("{}{counts}\n", table.render(width, paint))
}

/// What the host moved between, or stayed at.
fn change(host: &HostName, result: &HostResult) -> String {
    let (from, to) = (result.from.as_ref(), result.to.as_ref());
    match result.outcome {
        Outcome::Confirmed
        | Outcome::UpToDate
        | Outcome::Staged { .. }
        | Outcome::Unknown { .. } => words::change(host, from, to),
        // What was made is what one wants to use next, so it is told whole.
        Outcome::Done { .. } => to.map(ToString::to_string).unwrap_or_default(),
        // An arrow would say that it moved.
        Outcome::RolledBack { .. }
        | Outcome::Failed { .. }
        | Outcome::Skipped { .. }
        | Outcome::Deferred => words::change(host, from, None),
    }
}

/// `2 confirmed · 1 rolled back · 12.3 MiB sent · 1m04s`
fn count(state: &State) -> String {
    let mut order: Vec<(&'static str, usize)> = Vec::new();
    for result in state.rows.iter().filter_map(|row| row.result.as_ref()) {
        let word = words::outcome(&result.outcome);
        match order.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => order.push((word, 1)),
        }
    }
    let mut parts: Vec<_> = order
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let bytes = state.counts().bytes;
    if bytes > 0 {
        parts.push(format!("{} sent", units::bytes(bytes)));
    }
    parts.extend(state.took.map(units::took));
    parts.join(" · ")
}

/// A note for the hosts that were left alone, and a block for each that failed.
pub(super) fn errors(state: &State, paint: Paint) -> String {
    let results = state.results();
    let mut text = notes(&results, paint);
    for row in &state.rows {
        let Some(result) = &row.result else { continue };
        if left_alone(&result.outcome).is_some() {
            continue;
        }
        if let Some(block) = error::host(&row.host, result, paint) {
            text.push('\n');
            text.push_str(&block);
        }
    }
    text
}

/// Hosts left alone for the same reason share a line.
fn notes(results: &BTreeMap<HostName, HostResult>, paint: Paint) -> String {
    let mut reasons: BTreeMap<&str, Vec<&HostName>> = BTreeMap::new();
    for (host, result) in results {
        if let Some(reason) = left_alone(&result.outcome) {
            reasons.entry(reason).or_default().push(host);
        }
    }
    let line = |(reason, hosts): (&str, Vec<&HostName>)| {
        let verb = if hosts.len() == 1 { "was" } else { "were" };
        let names = words::names(&hosts);
        error::note(&format!("{names} {verb} left alone: {reason}"), paint)
    };
    reasons.into_iter().map(line).collect()
}

fn left_alone(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Skipped { why } => Some(words::reason(*why)),
        Outcome::Deferred => Some(words::DEFERRED),
        _ => None,
    }
}
