//! The fault matrix: every fault in every state, on real hosts, a cell at a time on each of them.
//!
//! `PHOENIX_MATRIX=words` runs only the cells whose name or section holds the words, and leaves the document alone.
//! It needs the agents of `scripts/build failpoints`.

mod bench;
mod cell;
mod contact;
mod full;
mod host;
mod judge;
mod release;
mod report;
mod run;
mod sight;
mod states;
mod words;

use std::collections::VecDeque;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use self::bench::Bench;
use self::cell::Cell;
use self::run::Found;
use crate::command;
use crate::lab::Lab;

/// Cells that wait, with their places.
type Queue = Mutex<VecDeque<(usize, Cell)>>;
/// What was found, with the places.
type Done = Mutex<Vec<(usize, Cell, Found)>>;

#[test]
fn every_cell_ends_where_it_must() {
    let began = Instant::now();
    let lab = Lab::ready();
    let filter = variable("PHOENIX_MATRIX");
    let cells = chosen(filter.as_deref());
    assert!(
        !cells.is_empty(),
        "no cell holds the words of PHOENIX_MATRIX"
    );
    let queue: Queue = Mutex::new(cells.into_iter().enumerate().collect());
    let done: Done = Mutex::default();
    let agents = agents();
    thread::scope(|scope| {
        for host in lab.list() {
            let (lab, queue, done, agents) = (&lab, &queue, &done, &agents);
            scope.spawn(move || work(lab, &host.name, agents, queue, done));
        }
    });
    let mut done = done.into_inner().expect("no worker panics with it");
    done.sort_by_key(|(place, _, _)| *place);
    let cells: Vec<(Cell, Found)> = done
        .into_iter()
        .map(|(_, cell, found)| (cell, found))
        .collect();
    let left = queue.into_inner().expect("no worker panics with it").len();
    tell(&report::summary(&cells, began.elapsed()));
    let failed: Vec<String> = cells
        .iter()
        .filter_map(|(cell, found)| failure(cell, found))
        .collect();
    assert!(
        failed.is_empty(),
        "{} cells failed:\n\n{}",
        failed.len(),
        failed.join("\n\n")
    );
    assert!(
        left == 0,
        "{left} cells were not run: no host was fit for them"
    );
    if filter.is_none() {
        report::document(&cells, &machine(), variable("UPDATE_DOCS").is_some());
    }
}

fn chosen(words: Option<&str>) -> Vec<Cell> {
    let mut cells = [
        states::cells(),
        release::cells(),
        host::cells(),
        full::cells(),
    ]
    .concat();
    let is_chosen = |cell: &Cell| {
        let name = format!("{}: {}", cell.section, cell.name());
        words.is_none_or(|words| name.contains(words))
    };
    cells.retain(is_chosen);
    cells
}

/// Works on one host until no cell is left.
fn work(lab: &Lab, host: &str, agents: &Path, queue: &Queue, done: &Done) {
    let next = || queue.lock().expect("no worker panics with it").pop_front();
    let mut bench = None;
    while let Some((place, cell)) = next() {
        let began = Instant::now();
        let bench = bench.get_or_insert_with(|| fresh(lab, host, agents));
        let found = attempt(bench, &cell);
        let word = if found.wrong.is_empty() {
            "ok"
        } else {
            "FAILED"
        };
        let seconds = began.elapsed().as_secs_f64();
        tell(&format!(
            "{word:6} {seconds:5.1} s  {host:7} {} / {}",
            cell.section,
            cell.name()
        ));
        for line in &found.wrong {
            tell(&format!("       {line}"));
        }
        done.lock()
            .expect("no worker panics with it")
            .push((place, cell, found));
    }
}

fn fresh<'a>(lab: &'a Lab, host: &str, agents: &Path) -> Bench<'a> {
    let mut bench = Bench::new(lab, host, agents);
    bench.first_deploy();
    bench
}

/// Runs a cell. One that panics has failed; after a failure the host is made fit for the next cell.
fn attempt(bench: &mut Bench<'_>, cell: &Cell) -> Found {
    let tried = catch_unwind(AssertUnwindSafe(|| run::run(bench, cell)));
    let mut found = tried.unwrap_or_else(|payload| {
        let said = payload.downcast_ref::<String>().cloned();
        let said = said.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Found {
            wrong: vec![said.unwrap_or_else(|| "it panicked".to_owned())],
            ..Found::default()
        }
    });
    if found.wrong.is_empty() {
        return found;
    }
    let mended = catch_unwind(AssertUnwindSafe(|| {
        bench.recover();
        bench.first_deploy();
    }));
    if mended.is_err() {
        let lost = "and the host could not be deployed to afterwards";
        found.wrong.push(lost.to_owned());
    }
    found
}

fn failure(cell: &Cell, found: &Found) -> Option<String> {
    let wrong = found.wrong.join("\n  ");
    let name = format!("{} / {}", cell.section, cell.name());
    (!found.wrong.is_empty()).then(|| format!("{name}\n  {wrong}"))
}

/// The agents that can be held; made by `scripts/build failpoints`.
fn agents() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_phoenix"));
    let target = built
        .ancestors()
        .nth(2)
        .expect("cargo puts it in target/debug");
    let agents = target.join("phoenix-failpoints/agents");
    assert!(
        agents.is_dir(),
        "{} is missing; run: scripts/build failpoints",
        agents.display()
    );
    agents
}

/// The day and the machine, for the document.
fn machine() -> String {
    let script = "echo \"$(date -u +%Y-%m-%d), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)\"";
    let ran = command::run(command::limited(10, "sh").args(["-c", script]));
    ran.stdout.trim().to_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a person or a script asks a test for something"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says something at once, whatever the test runner keeps back.
fn tell(line: &str) {
    // Nobody may be listening.
    let _ = writeln!(std::io::stderr(), "{line}");
}
