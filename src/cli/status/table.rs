//! What hosts say of themselves, as a table for people.

use super::Row;
use crate::model::clock::utc;
use crate::model::{Facts, HostName, Origin, ProblemKind, RunState, RunSummary, Toplevel};
use crate::ui::{self, Cell, Table, Tone};

/// The column of the last run: its name is what `phoenix show` takes.
const LAST_RUN: usize = 4;

/// All rows, with headings.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table =
        Table::new(&["host", "runs", "generation", "boots", "last run"]).whole(LAST_RUN);
    for row in rows {
        table.row(cells(row));
    }
    table
}

fn cells(row: &Row) -> [Cell; 5] {
    let Some(facts) = &row.facts else {
        let word = match row.problem.as_ref().map(|problem| problem.kind) {
            Some(ProblemKind::Unreachable) => "unreachable",
            Some(ProblemKind::Refused) => "refused",
            Some(ProblemKind::Lost) => "lost",
            _ => "failed",
        };
        return [
            row.host.as_str().into(),
            Cell::toned(Tone::Bad, word),
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
            _ if facts.next_boot().is_some() => {
                let tried = facts.next_boot().map(short).unwrap_or_default();
                Cell::toned(Tone::Careful, format!("{tried}, once"))
            }
            _ if behind => Cell::toned(Tone::Bad, "an older one"),
            _ if same => Cell::toned(Tone::Good, "the same"),
            Some(generation) => Cell::toned(Tone::Careful, short(&generation.toplevel)),
            None => Cell::toned(Tone::Careful, "unknown"),
        },
        facts.last_run.as_ref().map_or_else(|| "-".into(), last_run),
    ]
}

/// The generations of a host's system profile, oldest first.
pub(super) fn generations(host: &HostName, facts: &Facts) -> Table {
    let mut table = Table::new(&["generation", "made", "system", "notes"]).right(0);
    for generation in &facts.generations {
        let mut made = facts.made.iter();
        let made = made.find(|one| one.number == generation.number);
        let is = |system: &Option<Toplevel>| system.as_ref() == Some(&generation.toplevel);
        let is_current = facts.profile.as_ref() == Some(generation);
        let marks = [
            (is_current, "current"),
            (is(&facts.running), "runs"),
            (is(&facts.booted), "was booted"),
        ];
        let marks: Vec<&str> = marks.iter().filter(|one| one.0).map(|one| one.1).collect();
        table.row([
            generation.number.to_string().into(),
            made.map_or_else(|| "-".to_owned(), |at| utc(at.made))
                .into(),
            ui::words::system(host, &generation.toplevel).into(),
            Cell::toned(
                if is_current { Tone::Good } else { Tone::Plain },
                marks.join(", "),
            ),
        ]);
    }
    table
}

fn last_run(run: &RunSummary) -> Cell {
    let (tone, word) = match run.state {
        RunState::Committed => (Tone::Good, "confirmed"),
        RunState::CommittedNotBoot => (Tone::Bad, "boots the old system"),
        RunState::RolledBack => (Tone::Careful, "rolled back"),
        RunState::Failed => (Tone::Bad, "failed"),
        RunState::Staged => (Tone::Careful, "staged"),
        RunState::OnTrial => (Tone::Careful, "on trial"),
        _ => (Tone::Careful, "under way"),
    };
    Cell::toned(tone, format!("{word} ({})", run.run))
}

/// Whether a run that has not ended brought what runs.
fn is_being_deployed(facts: &Facts) -> bool {
    let brought = |run: &RunSummary| facts.running.as_ref() == Some(&run.new);
    let last = facts.last_run.as_ref();
    last.is_some_and(|run| !run.state.is_final() && brought(run))
}

/// What else there is to know of a host, in a line; empty when there is nothing.
pub(super) fn notes(facts: &Facts) -> String {
    let mut notes = Vec::new();
    if let Some(lock) = &facts.lock {
        notes.push(format!("run {} of {} holds it", lock.run, lock.who));
    }
    if facts.running.is_some() && facts.origin == Origin::Unknown && !is_being_deployed(facts) {
        notes.push("phoenix never deployed it".to_owned());
    }
    if facts.is_on_trial() {
        notes.push("deploy it again to keep what it runs".to_owned());
    }
    if facts.needs_reboot {
        notes.push("a reboot is needed to run its kernel".to_owned());
    }
    if let Some(hold) = &facts.hold {
        notes.push(ui::clean(&format!("held by {}: {}", hold.who, hold.reason)));
    }
    for run in &facts.unreadable_runs {
        notes.push(format!("the record of run {run} cannot be read"));
    }
    if !facts.failed_units.is_empty() {
        notes.push(format!("failed: {}", facts.failed_units.join(" ")));
    }
    notes.join("; ")
}
