//! `phoenix show` without a run: the recent ones.

use std::collections::BTreeMap;

use serde_json::json;

use super::find;
use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::error::CliError;
use crate::cli::hosts::json_line;
use crate::cli::output;
use crate::journal::{self, Past, PastHost, Recorded};
use crate::model::clock::utc;
use crate::model::{Problem, ProblemKind, RunState, Verdict};
use crate::ui::{self, Table};

/// Runs that are listed.
const LISTED: usize = 20;

pub(super) fn list(global: &Global, edge: &Edge) -> Result<u8, CliError> {
    let recorded = find::recorded(edge)?;
    let look = output::look(global, edge);
    let mut table = Table::new(&["run", "began", "command", "who", "hosts", "ended"]);
    for one in recorded.iter().take(LISTED) {
        let past = match journal::read(&one.path) {
            Ok(entries) => Past::of(&entries),
            Err(error) => {
                let problem = Problem::from_error(ProblemKind::Failed, &error).in_one_line();
                ui::err(&ui::error::note(&problem, look.err));
                continue;
            }
        };
        // The journal is made just before its first line is.
        let Some(past) = past else { continue };
        if global.json {
            let hosts: Vec<_> = past.hosts.iter().map(|host| &host.host).collect();
            json_line(&json!({
                "run": past.run, "began": past.began, "command": past.command, "who": past.who,
                "hosts": hosts, "millis": past.took, "under_way": one.is_under_way(),
                "ended": ends(&past),
            }))?;
            continue;
        }
        let hosts: Vec<_> = past.hosts.iter().map(|host| &host.host).collect();
        table.row([
            past.run.as_str().into(),
            utc(past.began / 1000).into(),
            past.command.as_str().into(),
            past.who.as_str().into(),
            ui::words::names(&hosts).into(),
            ended(one, &past).into(),
        ]);
    }
    if table.is_empty() && !global.json {
        ui::err("no run is recorded on this workstation\n");
    } else if !global.json {
        ui::out(&table.render(look.width, look.out));
    }
    Ok(0)
}

/// How many hosts ended how.
fn ends(past: &Past) -> BTreeMap<&'static str, usize> {
    let mut ends = BTreeMap::new();
    for host in &past.hosts {
        *ends.entry(end(host)).or_default() += 1;
    }
    ends
}

fn ended(one: &Recorded, past: &Past) -> String {
    if one.is_under_way() {
        return "under way".to_owned();
    }
    let ends = ends(past);
    let counts: Vec<String> = ends.iter().map(|(word, n)| format!("{n} {word}")).collect();
    let cut_off = if past.took.is_none() { "cut off: " } else { "" };
    format!("{cut_off}{}", counts.join(", "))
}

/// How a host ended; what it told afterwards counts more than what was known before.
pub(super) fn end(host: &PastHost) -> &'static str {
    match (&host.verdict, &host.result) {
        (Some((_, Verdict::Ended { summary })), _) => match summary.state {
            RunState::Committed => "confirmed",
            RunState::RolledBack => "rolled back",
            RunState::Staged => "staged",
            RunState::OnTrial => "on trial",
            _ => "failed",
        },
        (Some((_, Verdict::Refused { .. })), _) => "failed",
        (Some((_, Verdict::Unknown { .. })), _) => "without a record",
        (None, Some(result)) => ui::words::outcome(&result.outcome),
        (None, None) if host.is_undecided() => "unknown",
        (None, None) => "not begun",
    }
}
