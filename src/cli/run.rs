//! What the commands that are runs have in common.

use std::io::IsTerminal;

use super::args::Global;
use super::edge::{self, Edge};
use super::error::{CliError, USAGE};
use super::world::Needs;
use super::{drive, output, world};
use crate::fleet::{Fleet, Offline};
use crate::model::{HostName, Mode};
use crate::plan::{Goal, Request, Target, Waived};

/// What distinguishes one run from another.
pub(super) struct Run {
    pub(super) command: &'static str,
    pub(super) goal: Goal,
    pub(super) mode: Mode,
    pub(super) hosts: Vec<HostName>,
    pub(super) yes: bool,
    pub(super) waived: Waived,
    pub(super) fail_fast: bool,
    pub(super) despite_hold: bool,
}

/// Carries a run out and returns its exit status.
pub(super) async fn run(
    global: &Global,
    edge: &Edge,
    fleet: &Fleet,
    run: Run,
) -> Result<u8, CliError> {
    let ask = run.goal.activates() && !run.yes;
    let is_seen = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if ask && (global.json || !is_seen) {
        return Err(nobody_to_ask(global.json, run.goal));
    }
    let reporter = output::reporter(global, edge);
    let needs = match run.goal {
        Goal::Deploy { .. } => Needs::Nix,
        // What it goes back to is on the host already.
        Goal::Rollback { .. } => Needs::Hosts,
    };
    let prompt = reporter.prompt();
    let mut workstation = world::workstation((global, edge), fleet, needs, prompt).await?;
    if needs == Needs::Nix {
        // Before anything is built for nothing.
        workstation.links.keys = world::signing_keys(fleet, &run.hosts)?;
    }
    let request = Request {
        run: edge::new_run(),
        nonce: edge::new_nonce(),
        command: run.command.to_owned(),
        who: edge.who(),
        goal: run.goal,
        mode: run.mode,
        targets: run.hosts.iter().map(|host| target(fleet, host)).collect(),
        machines: fleet
            .hosts
            .iter()
            .map(|(name, spec)| (name.clone(), spec.identity.clone()))
            .collect(),
        waived: run.waived,
        parallel: fleet.parallel,
        ask,
        fail_fast: run.fail_fast,
        despite_hold: run.despite_hold,
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
        health: spec.health.clone(),
        may_be_offline: spec.offline == Offline::Defer,
    }
}
