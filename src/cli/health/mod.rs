//! `phoenix health`: looks at the health gates of hosts, without a deployment. Changes nothing.

mod status;
mod table;

use clap::Args;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio::time::Instant;

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::{load, output, select, world};
use crate::adapter::Workstation;
use crate::engine;
use crate::fleet::{Fleet, HostSpec};
use crate::model::{Gate, GateName, GateResult, HostName, Level, Problem, ProblemKind, SSH};
use crate::ui;
use crate::world::{Host, World};

#[derive(Debug, Args)]
pub(super) struct Health {
    #[command(flatten)]
    pub(super) scope: select::Scope,
    /// Look at each gate once, instead of waiting up to its deadline for it to pass
    #[arg(long)]
    pub(super) once: bool,
}

/// A gate of a host as machines read it.
#[derive(Serialize)]
struct Row {
    host: HostName,
    #[serde(flatten)]
    result: GateResult,
    /// Why a host could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

pub(super) async fn health(global: &Global, edge: &Edge, args: &Health) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::looked_at(&args.scope, &fleet)?;
    let look = output::look(global, edge);
    let workstation = &world::workstation(
        (global, edge),
        &fleet,
        world::Needs::Hosts,
        ui::Prompt::default(),
    )
    .await?;
    let rows: Vec<Row> = looks(workstation, &fleet, &hosts, args.once).await;
    if global.json {
        for row in &rows {
            let line = serde_json::to_string(row).expect("text and numbers always serialise");
            ui::out(&(line + "\n"));
        }
        return Ok(status::exit_status(&rows));
    }
    ui::out(&table::table(&rows).render(look.width, look.out));
    for (row, problem) in rows.iter().filter_map(|row| Some((row, told(row)?))) {
        ui::err(&match row.result.level {
            Level::Required => ui::error::problem(&problem, look.err),
            Level::Wanted => ui::error::minor(&problem, look.err),
        });
    }
    Ok(status::exit_status(&rows))
}

async fn looks(
    workstation: &Workstation,
    fleet: &Fleet,
    hosts: &[HostName],
    once: bool,
) -> Vec<Row> {
    let rows: Vec<Vec<Row>> = stream::iter(hosts)
        .map(|host| look_at(workstation, &fleet.hosts[host], once))
        .buffered(fleet.parallel.connect.max(1))
        .collect()
        .await;
    rows.into_iter().flatten().collect()
}

/// All gates of one host; the connection comes first.
async fn look_at(workstation: &Workstation, spec: &HostSpec, once: bool) -> Vec<Row> {
    let began = Instant::now();
    let row = |result| Row {
        host: spec.name.clone(),
        result,
        problem: None,
    };
    let link = match (&workstation).connect(&spec.name).await {
        Ok(link) => link,
        Err(problem) => {
            return vec![Row {
                problem: Some(problem.clone()),
                ..row(ssh(began, Err(&problem)))
            }];
        }
    };
    let reached = row(ssh(began, Ok(link.address())));
    let gates: Vec<Gate> = match once {
        true => spec.health.iter().map(Gate::once).collect(),
        false => spec.health.clone(),
    };
    match engine::health(&link, &gates).await {
        Ok(results) => std::iter::once(reached)
            .chain(results.into_iter().map(row))
            .collect(),
        Err(problem) => vec![Row {
            problem: Some(problem.clone()),
            ..row(ssh(began, Err(&problem)))
        }],
    }
}

/// The gate that is the connection.
fn ssh(began: Instant, reached: Result<&str, &Problem>) -> GateResult {
    GateResult {
        name: GateName::new(SSH).expect("it is a name"),
        level: Level::Required,
        passed: reached.is_ok(),
        detail: match reached {
            Ok(address) => format!("reached at {address}"),
            Err(problem) => problem.message.clone(),
        },
        log: Vec::new(),
        hint: None,
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// What there is to say of a gate beside its line in the table.
fn told(row: &Row) -> Option<Problem> {
    if let Some(problem) = &row.problem {
        let mut told = problem.clone();
        told.message = format!("{}: {}", row.host, told.message);
        return Some(told);
    }
    if row.result.passed {
        return None;
    }
    let message = format!("{}: gate {}", row.host, ui::words::gate(&row.result));
    let told = Problem::new(ProblemKind::Failed, message).with_log(row.result.log.clone());
    Some(match &row.result.hint {
        Some(hint) => told.with_hint(hint),
        None => told,
    })
}
