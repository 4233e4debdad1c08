//! `phoenix status`: asks hosts what they run and how the last run ended. Changes nothing on
//! them; runs of this workstation whose controller died get their verdicts recorded.

mod table;
mod verdicts;

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::hosts::{self, json_line};
use super::world::{Needs, workstation};
use super::{load, output, select};
use crate::adapter::Workstation;
use crate::model::{Facts, HostName, Problem, ProblemKind, RunId, Verdict};
use crate::ui::{self, Look};
use crate::world::{Host, World};

#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) scope: select::Scope,
    /// List the generations of each host, to go back to with `phoenix rollback HOST --to NUMBER`
    #[arg(long)]
    pub(super) generations: bool,
}

/// A host as machines read it.
#[derive(Serialize)]
struct Row {
    host: HostName,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
    /// What became of runs whose controller lost it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    verdicts: Vec<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// The verdict of one run.
#[derive(Serialize)]
struct Told {
    run: RunId,
    #[serde(flatten)]
    verdict: Verdict,
}

pub(super) async fn status(global: &Global, edge: &Edge, args: &Status) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let selected = select::looked_at(&args.scope, &fleet)?;
    let look = output::look(global, edge);
    let workstation =
        &workstation((global, edge), &fleet, Needs::Hosts, ui::Prompt::default()).await?;
    let open = verdicts::open(edge, &selected, look);
    let answers = hosts::ask(selected, fleet.parallel.connect, async |host: &HostName| {
        question(workstation, host, &open).await
    })
    .await;
    let rows: Vec<Row> = answers
        .into_iter()
        .map(|(host, answer)| match answer {
            Ok((facts, verdicts)) => Row {
                host,
                facts: Some(facts),
                verdicts,
                problem: None,
            },
            Err(problem) => Row {
                host,
                facts: None,
                verdicts: Vec::new(),
                problem: Some(problem),
            },
        })
        .collect();
    if global.json {
        for row in &rows {
            json_line(row)?;
        }
    } else {
        tell(&rows, args.generations, look);
    }
    verdicts::record(&open, &rows, look);
    let problems = rows.iter().filter_map(|row| row.problem.as_ref());
    Ok(hosts::exit_status(problems))
}

/// What a host says, and what became of the runs it was lost in.
async fn question(
    workstation: &Workstation,
    host: &HostName,
    open: &BTreeMap<HostName, Vec<verdicts::Open>>,
) -> Result<(Facts, Vec<Told>), Problem> {
    let mut link = workstation.connect(host).await?;
    let mut told = Vec::new();
    for one in open.get(host).into_iter().flatten() {
        match link.verdict(&one.run).await {
            Ok(verdict) => told.push(Told {
                run: one.run.clone(),
                verdict,
            }),
            // The host answers, but cannot read that record, which its facts say.
            Err(problem) if problem.kind == ProblemKind::Failed => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok((link.facts().clone(), told))
}

fn tell(rows: &[Row], generations: bool, look: Look) {
    ui::out(&table::table(rows).render(look.width, look.out));
    for row in rows {
        let notes = row.facts.as_ref().map(table::notes).unwrap_or_default();
        if !notes.is_empty() {
            ui::out(&ui::error::note(
                &format!("{}: {notes}", row.host),
                look.out,
            ));
        }
    }
    for row in rows.iter().filter(|_| generations) {
        if let Some(facts) = &row.facts {
            ui::out(&format!("\ngenerations of {}\n", row.host));
            let table = table::generations(&row.host, facts);
            ui::out(&table.render(look.width, look.out));
        }
    }
    for row in rows {
        for told in &row.verdicts {
            let sentence = ui::words::verdict(&row.host, &told.verdict);
            ui::err(&ui::error::note(
                &format!("run {}: {sentence}", told.run),
                look.err,
            ));
        }
    }
    let problems = rows
        .iter()
        .filter_map(|row| Some((&row.host, row.problem.as_ref()?)));
    hosts::tell(problems, look);
}
