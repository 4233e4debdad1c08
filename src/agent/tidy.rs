//! Garbage collector roots while a run is open, and what is cleared away when it is over.

use std::fs;

use super::files::{self, FileError};
use super::host::{Cx, chain};
use super::paths::Side;
use super::record::{self, Record};
use crate::model::{RunId, RunState};

/// Runs whose files are kept.
const KEPT: usize = 20;

/// Protects both systems of a run from the garbage collector.
pub(super) fn hold(cx: Cx<'_>, record: &Record) -> Result<(), FileError> {
    let folder = cx.paths.gc_roots();
    fs::create_dir_all(&folder).map_err(|source| FileError::Io {
        doing: "making",
        path: folder,
        source,
    })?;
    for side in [Side::Old, Side::New] {
        files::link(
            record.system(side).path().as_path(),
            &cx.paths.gc_root(&record.run, side),
        )?;
    }
    Ok(())
}

/// Lets the garbage collector have what nothing else holds, and gives back the rest.
pub(super) fn let_go(cx: Cx<'_>, run: &RunId) {
    for side in [Side::Old, Side::New] {
        cx.press_on(files::remove(&cx.paths.gc_root(run, side)));
    }
    give_back(cx, run);
}

/// Removes what a run needed only while it went on.
pub(super) fn give_back(cx: Cx<'_>, run: &RunId) {
    let files = cx.paths.run(run);
    for file in [files.reserve(), files.program()] {
        cx.press_on(files::remove(&file));
    }
}

/// Removes a run that never began.
pub(super) fn forget(cx: Cx<'_>, run: &RunId) {
    let_go(cx, run);
    // What is left of it is not read by anybody: it holds a refusal.
    let files = cx.paths.run(run);
    for folder in [files.kept, files.live] {
        let _ = fs::remove_dir_all(folder);
    }
}

/// Removes runs that are over beyond the newest ones, and roots that belong to no open run.
pub(super) fn prune(cx: Cx<'_>) {
    let records = record::all(cx);
    for old in records.iter().skip(KEPT).filter(|record| is_done(record)) {
        forget(cx, &old.run);
    }
    let Ok(roots) = fs::read_dir(cx.paths.gc_roots()) else {
        return;
    };
    for root in roots.flatten() {
        let name = root.file_name();
        let run = name.to_str().and_then(|name| name.rsplit_once('-'));
        let Some(Ok(run)) = run.map(|(run, _)| RunId::new(run)) else {
            continue;
        };
        if is_stale(cx, &run) {
            cx.host
                .note(&format!("removes the stale root {}", root.path().display()));
            cx.press_on(files::remove(&root.path()));
        }
    }
}

/// Whether nothing will ask for a run any more; a trial has its verdict before it.
fn is_done(record: &Record) -> bool {
    record.is_over() && !matches!(record.state, RunState::Staged | RunState::OnTrial)
}

fn is_stale(cx: Cx<'_>, run: &RunId) -> bool {
    match Record::load(cx.paths, run) {
        Ok(record) => record.is_none_or(|record| is_done(&record)),
        Err(error) => {
            cx.host.note(&chain(&error));
            false
        }
    }
}
