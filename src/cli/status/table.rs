//! What hosts say of themselves, as a table for people.

use super::Row;
use crate::model::{Facts, ProblemKind, RunState, RunSummary, Toplevel};
use crate::ui::{self, Cell, Table, Tone};

/// All rows, with headings.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&["host", "runs", "generation", "boots", "last run", "notes"]);
    for row in rows {
        table.row(cells(row));
    }
    table
}

fn cells(row: &Row) -> [Cell; 6] {
    let Some(facts) = &row.facts else {
        let word = match row.problem.as_ref().map(|problem| problem.kind) {
            Some(ProblemKind::Unreachable) => "unreachable",
            _ => "refused",
        };
        return [
            row.host.as_str().into(),
            Cell::toned(Tone::Bad, word),
            "".into(),
            "".into(),
            "".into(),
            "".into(),
        ];
    };
    let short = |toplevel: &Toplevel| ui::words::system(&row.host, toplevel);
    let profile = facts.profile.as_ref();
    let same = profile.map(|generation| &generation.toplevel) == facts.running.as_ref();
    let behind = profile.is_some_and(|generation| facts.boots_another(&generation.toplevel));
    [
        row.host.as_str().into(),
        facts
            .running
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), short)
            .into(),
        profile
            .map_or_else(
                || "-".to_owned(),
                |generation| generation.number.to_string(),
            )
            .into(),
        match profile {
            _ if behind => Cell::toned(Tone::Bad, "an older one"),
            _ if same => Cell::toned(Tone::Good, "the same"),
            Some(generation) => Cell::toned(Tone::Careful, short(&generation.toplevel)),
            None => Cell::toned(Tone::Careful, "unknown"),
        },
        facts.last_run.as_ref().map_or_else(|| "-".into(), last_run),
        notes(facts).into(),
    ]
}

fn last_run(run: &RunSummary) -> Cell {
    let (tone, word) = match run.state {
        RunState::Committed => (Tone::Good, "confirmed"),
        RunState::CommittedNotBoot => (Tone::Bad, "boots the old system"),
        RunState::RolledBack => (Tone::Careful, "rolled back"),
        RunState::Failed => (Tone::Bad, "failed"),
        _ => (Tone::Careful, "under way"),
    };
    Cell::toned(tone, format!("{word} ({})", run.run))
}

fn notes(facts: &Facts) -> String {
    let mut notes = Vec::new();
    if let Some(lock) = &facts.lock {
        notes.push(format!("run {} of {} holds it", lock.run, lock.who));
    }
    if !facts.failed_units.is_empty() {
        notes.push(format!("failed: {}", facts.failed_units.join(" ")));
    }
    notes.join("; ")
}
