//! What the commands that are runs have in common.

use std::io::IsTerminal;

use super::args::Global;
use super::edge::{self, Edge};
use super::error::{CliError, USAGE};
use super::{drive, output, world};
use crate::fleet::{Fleet, Offline};
use crate::model::HostName;
use crate::plan::{Goal, Request, Target};

/// What distinguishes one run from another.
pub(super) struct Run {
    pub(super) command: &'static str,
    pub(super) goal: Goal,
    pub(super) hosts: Vec<HostName>,
    pub(super) yes: bool,
}

/// Carries a run out and returns its exit status.
pub(super) async fn run(
    global: &Global,
    edge: &Edge,
    fleet: &Fleet,
    run: Run,
) -> Result<u8, CliError> {
    let ask = run.goal.activates() && !run.yes;
    if ask && (global.json || !std::io::stdin().is_terminal()) {
        return Err(nobody_to_ask(global.json, run.goal));
    }
    let reporter = output::reporter(global, edge);
    let workstation = world::workstation(global, edge, fleet, reporter.prompt()).await?;
    let request = Request {
        run: edge::new_run(),
        nonce: edge::new_nonce(),
        command: run.command.to_owned(),
        who: edge.who(),
        goal: run.goal,
        targets: run.hosts.iter().map(|host| target(fleet, host)).collect(),
        parallel: fleet.parallel,
        ask,
    };
    drive::drive(edge, &&workstation, &request, reporter).await
}

fn nobody_to_ask(json: bool, goal: Goal) -> CliError {
    let message = if json {
        "the plan cannot be confirmed: --json asks no questions"
    } else {
        "the plan cannot be confirmed: standard input is not a terminal"
    };
    let hint = match goal {
        Goal::Deploy { .. } => {
            "add --yes to carry it out without asking, or --until build to stop before any host is changed"
        }
        Goal::Rollback { .. } => "add --yes to carry it out without asking",
    };
    CliError::new(USAGE, message).hint(hint)
}

fn target(fleet: &Fleet, host: &HostName) -> Target {
    let spec = &fleet.hosts[host];
    Target {
        host: host.clone(),
        activate: spec.activate.clone(),
        may_be_offline: spec.offline == Offline::Defer,
    }
}
