//! `phoenix check`: fleet.toml alone, then against the flake's hosts in both directions.

use clap::Args;
use serde_json::json;

use super::args::Global;
use super::edge::Edge;
use super::error::{CliError, INVALID, NOT_BUILT};
use super::{load, output, world};
use crate::adapter::nix::Outline;
use crate::fleet::{self, Finding, Fleet};
use crate::model::{Problem, ProblemKind};
use crate::ui;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Check fleet.toml alone, without evaluating the flake
    #[arg(long)]
    pub(super) no_flake: bool,
}

pub(super) async fn check(global: &Global, edge: &Edge, args: &Check) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let findings = if args.no_flake {
        Vec::new()
    } else {
        against_flake(&fleet).await?
    };
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    if global.json {
        let found: Vec<_> = findings
            .iter()
            .map(|finding| json!({"error": finding.is_error(), "message": finding.to_string(), "hint": finding.hint()}))
            .collect();
        ui::out(&format!(
            "{}\n",
            json!({"file": fleet.file, "hosts": fleet.hosts.len(), "findings": found})
        ));
    } else {
        tell(global, edge, &fleet, &findings, args.no_flake);
    }
    Ok(if errors == 0 { 0 } else { INVALID })
}

async fn against_flake(fleet: &Fleet) -> Result<Vec<Finding>, CliError> {
    let nix = world::nix(fleet).await?;
    let job = world::job(fleet);
    let ended = |problem| CliError::of(NOT_BUILT, problem);
    let hosts = nix.hosts_of_flake(&job).await.map_err(ended)?;
    let mut findings = fleet::against_flake(fleet, &hosts);
    if let Some(outline) = nix.outline(&job).await.map_err(ended)? {
        let Outline {
            profiles,
            undescribed,
        } = outline;
        findings.extend(fleet::against_outline(fleet, &profiles, &undescribed));
    }
    Ok(findings)
}

fn tell(global: &Global, edge: &Edge, fleet: &Fleet, findings: &[Finding], alone: bool) {
    let look = output::look(global, edge);
    for finding in findings {
        if finding.is_error() {
            let mut problem = Problem::new(ProblemKind::Failed, finding.to_string());
            problem.hint = Some(finding.hint());
            ui::err(&ui::error::problem(&problem, look.err));
        } else {
            ui::err(&ui::error::note(
                &format!("{finding}; {}", finding.hint()),
                look.err,
            ));
        }
    }
    let checked = if alone {
        ""
    } else {
        ", and the flake has a configuration for each"
    };
    if findings.iter().all(|finding| !finding.is_error()) {
        let name = fleet
            .name
            .as_ref()
            .map(|name| format!(" ({name})"))
            .unwrap_or_default();
        let hosts = ui::words::hosts(fleet.hosts.len());
        ui::out(&format!(
            "{}{name}: {hosts}, no errors{checked}\n",
            fleet.file.display()
        ));
    }
}
