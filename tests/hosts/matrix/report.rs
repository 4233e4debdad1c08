//! The document of the matrix, and what is said at the end.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::cell::{Cell, LEASE};
use super::run::Found;

const FRONT: &str = "---\n\
    id: reference/fault-matrix\n\
    title: Fault matrix\n\
    summary: Every fault that the tests inject into a deployment on real hosts, what the host ended on, what it boots, how long it took, and what the operator saw.\n\
    tags: [reference, rollback, tests]\n\
    related: [design/0001-transaction, design/0009-failpoints, guide/when-it-fails]\n\
    ---\n\n\
    # Fault matrix\n\n";
/// Place of the time in a row.
const TIME_CELL: usize = 5;

/// Where it is.
fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference/fault-matrix.md")
}

/// Holds the document against what was found, or writes it when `is_update`.
///
/// # Panics
/// When it differs in anything but the times.
pub(super) fn document(cells: &[(Cell, Found)], machine: &str, is_update: bool) {
    let text = text(cells, machine);
    if is_update {
        std::fs::write(path(), text).expect("the checkout can be written");
        return;
    }
    let there = std::fs::read_to_string(path()).unwrap_or_default();
    let (wanted, found) = (timeless(&text), timeless(&there));
    let lines = wanted.iter().zip(&found);
    let differences: Vec<_> = lines.filter(|(wanted, found)| wanted != found).collect();
    assert!(
        wanted == found,
        "docs/reference/fault-matrix.md is out of date; run: UPDATE_DOCS=1 ./check matrix\ndifferences: {differences:#?}"
    );
}

/// The lines without what a machine's speed decides.
fn timeless(text: &str) -> Vec<String> {
    let line = |line: &str| {
        if line.starts_with("Measured") {
            return "Measured".to_owned();
        }
        let mut cells: Vec<&str> = line.split(" | ").collect();
        if line.starts_with("| ") && cells.len() > TIME_CELL {
            cells[TIME_CELL - 1] = "";
        }
        cells.join(" | ")
    };
    text.lines().map(line).collect()
}

fn text(cells: &[(Cell, Found)], machine: &str) -> String {
    let mut text = String::from(FRONT);
    text.push_str(include_str!("about.md"));
    // Writing to a String cannot fail.
    let _ = write!(text, "\nMeasured on {machine}\n");
    let mut section = "";
    for (cell, found) in cells {
        if cell.section != section {
            section = cell.section;
            let _ = write!(
                text,
                "\n## {section}\n\n| in or with | injected | runs | boots | time | the operator saw |\n|---|---|---|---|---|---|\n"
            );
        }
        let expect = &cell.expect;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            cell.row,
            cell.injected,
            expect.runs.word(),
            expect.boots.word(),
            time(found),
            found.saw.replace('|', "\\|"),
        );
    }
    text.push_str(include_str!("elsewhere.md"));
    text
}

fn time(found: &Found) -> String {
    let took = found.took.as_secs_f64();
    match found.lost {
        _ if found.took.is_zero() => "never away".to_owned(),
        Some(lost) => {
            let beyond = lost.as_secs_f64() - f64::from(LEASE);
            format!(
                "{took:.1} s ({LEASE} s {} {:.1} s)",
                if beyond < 0.0 { "−" } else { "+" },
                beyond.abs()
            )
        }
        None => format!("{took:.1} s"),
    }
}

/// The last line: cells, failures, total time, worst way back.
pub(super) fn summary(cells: &[(Cell, Found)], took: Duration) -> String {
    let failed = cells
        .iter()
        .filter(|(_, found)| !found.wrong.is_empty())
        .count();
    let worst = cells.iter().filter_map(|(_, found)| found.lost).max();
    let worst = worst.map_or_else(String::new, |worst| {
        let beyond = worst.as_secs_f64() - f64::from(LEASE);
        format!("; out of contact for at most the lease of {LEASE} s and {beyond:.1} s")
    });
    format!(
        "{} cells, {failed} failed, {:.0} s{worst}",
        cells.len(),
        took.as_secs_f64()
    )
}
