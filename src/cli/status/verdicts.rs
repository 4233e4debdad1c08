//! Runs of this workstation that nobody here knows the end of: finds them in the journals, and
//! records what the hosts tell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Row;
use crate::cli::edge::{self, Edge};
use crate::event::StepEvent;
use crate::journal::{self, Journal, JournalError, Past};
use crate::model::{HostName, RunId, Verdict};
use crate::ui::{self, Look};

/// Journals looked at, newest first. Hosts themselves keep fewer runs.
const LOOKED_AT: usize = 100;

/// A run that a host was lost in.
pub(super) struct Open {
    pub(super) run: RunId,
    journal: PathBuf,
}

/// The open runs of each of these hosts, oldest first. A run whose controller lives is not open.
pub(super) fn open(
    edge: &Edge,
    selected: &[HostName],
    look: Look,
) -> BTreeMap<HostName, Vec<Open>> {
    let mut open: BTreeMap<HostName, Vec<Open>> = BTreeMap::new();
    let recorded = edge.runs().map(|folder| journal::list(&folder));
    let recorded = match recorded {
        Some(Ok(recorded)) => recorded,
        Some(Err(error)) => {
            note(&error, look);
            return open;
        }
        None => return open,
    };
    for one in recorded.iter().take(LOOKED_AT).rev() {
        let past = match journal::read(&one.path) {
            Ok(entries) => Past::of(&entries),
            Err(error) => {
                note(&error, look);
                continue;
            }
        };
        let Some(past) = past.filter(|_| !one.is_under_way()) else {
            continue;
        };
        for host in past.undecided().filter(|one| selected.contains(&one.host)) {
            open.entry(host.host.clone()).or_default().push(Open {
                run: one.run.clone(),
                journal: one.path.clone(),
            });
        }
    }
    open
}

/// Writes the verdicts into the journals of their runs, so that each is told once.
pub(super) fn record(open: &BTreeMap<HostName, Vec<Open>>, rows: &[Row], look: Look) {
    for row in rows {
        for told in row.verdicts.iter().filter(|told| is_final(&told.verdict)) {
            let mut runs = open.get(&row.host).into_iter().flatten();
            let Some(found) = runs.find(|one| one.run == told.run) else {
                continue;
            };
            let event = StepEvent::Verdict {
                host: row.host.clone(),
                verdict: Box::new(told.verdict.clone()),
            };
            if let Err(error) = append(found, &event) {
                note(&error, look);
            }
        }
    }
}

fn append(open: &Open, event: &StepEvent) -> Result<(), JournalError> {
    let at = u64::try_from(edge::now().as_millis()).unwrap_or(u64::MAX);
    match Journal::reopen(&open.journal)? {
        Some(mut journal) => journal.append(at, event),
        // Another status is writing this very moment.
        None => Ok(()),
    }
}

/// Whether nothing more will come.
fn is_final(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Ended { summary } => summary.state.is_final(),
        Verdict::Refused { .. } | Verdict::Unknown { .. } => true,
    }
}

/// A journal that cannot be used must not keep anybody from seeing how the hosts are.
fn note(error: &JournalError, look: Look) {
    let problem =
        crate::model::Problem::from_error(crate::model::ProblemKind::Failed, error).in_one_line();
    ui::err(&ui::error::note(&problem, look.err));
}
