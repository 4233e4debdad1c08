//! `phoenix status`: asks hosts what they run and how the last run ended. Changes nothing.

mod table;

use clap::Args;
use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::{load, output, select, world};
use crate::model::{Facts, HostName, Problem, ProblemKind};
use crate::ui::{self};
use crate::world::{Host, World};

#[derive(Debug, Args)]
pub(super) struct Status {
    /// Hosts: names, globs, tags; all when none is given
    #[arg(value_name = "SELECTOR")]
    pub(super) selectors: Vec<String>,
}

/// A host as machines read it.
#[derive(Serialize)]
struct Row {
    host: HostName,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

pub(super) async fn status(global: &Global, edge: &Edge, args: &Status) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::named_or_all(&args.selectors, &fleet)?;
    let look = output::look(global, edge);
    let workstation = &world::workstation(global, edge, &fleet, ui::Prompt::default()).await?;
    let rows: Vec<Row> = stream::iter(hosts)
        .map(|host| async move {
            match (&workstation).connect(&host).await {
                Ok(link) => Row {
                    host,
                    facts: Some(link.facts().clone()),
                    problem: None,
                },
                Err(problem) => Row {
                    host,
                    facts: None,
                    problem: Some(problem),
                },
            }
        })
        .buffered(fleet.parallel.connect.max(1))
        .collect()
        .await;
    if global.json {
        for row in &rows {
            ui::out(
                &(serde_json::to_string(row).expect("text, numbers and lists always serialise")
                    + "\n"),
            );
        }
        return Ok(exit_status(&rows));
    }
    ui::out(&table::table(&rows).render(look.width, look.out));
    for problem in rows
        .iter()
        .filter_map(|row| row.problem.as_ref().map(|problem| (row, problem)))
    {
        let mut told = problem.1.clone();
        told.message = format!("{}: {}", problem.0.host, told.message);
        ui::err(&ui::error::problem(&told, look.err));
    }
    Ok(exit_status(&rows))
}

/// 0: all answered. 5: some are unreachable, nothing worse. 1: some refused us.
fn exit_status(rows: &[Row]) -> u8 {
    let mut problems = rows
        .iter()
        .filter_map(|row| row.problem.as_ref())
        .peekable();
    if problems.peek().is_none() {
        return 0;
    }
    if problems.all(|problem| problem.kind == ProblemKind::Unreachable) {
        5
    } else {
        1
    }
}
