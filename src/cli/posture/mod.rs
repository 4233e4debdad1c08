//! `phoenix posture`: how hosts stand with their security controls. Reads the flake, not hosts.

mod judge;
mod status;

use std::cell::RefCell;
use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::args::Global;
use super::edge::{self, Edge};
use super::error::CliError;
use super::hosts::json_line;
use super::{load, output, select, world};
use crate::fleet::Fleet;
use crate::model::{Control, Day, HostName, Judged, Problem};
use crate::ui::{self, Look};

#[derive(Debug, Args)]
pub(super) struct Posture {
    #[command(flatten)]
    pub(super) scope: select::Scope,
    /// End with status 1 when there is something of this kind
    #[arg(long, value_name = "KIND", value_enum)]
    pub(super) fail_on: Option<FailOn>,
}

/// What a posture is not good for; each kind includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum FailOn {
    /// A control is weakened without an exception
    Weakened,
    /// The same, or an exception has run out
    Expired,
    /// The same, or there is any exception
    Exceptions,
}

/// A host with its controls, or why they are not known.
type Answers = Vec<(HostName, Result<Vec<Judged>, Problem>)>;

/// A control of a host as machines read it, or why a host's are not known.
#[derive(Serialize)]
#[serde(untagged)]
enum Row<'a> {
    Control {
        host: &'a HostName,
        #[serde(flatten)]
        judged: &'a Judged,
    },
    Problem {
        host: &'a HostName,
        problem: &'a Problem,
    },
}

pub(super) async fn posture(global: &Global, edge: &Edge, args: &Posture) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let hosts = select::looked_at(&args.scope, &fleet)?;
    let look = output::look(global, edge);
    let asked = ask(&fleet, &hosts).await?;
    let today = Day::at(edge::now().as_secs());
    let answers = judge::judge(&fleet, asked, today).await;
    if global.json {
        for row in answers.iter().flat_map(|(host, answer)| rows(host, answer)) {
            json_line(&row)?;
        }
    }
    tell(&answers, global.json, look);
    Ok(status::exit_status(&answers, args.fail_on))
}

/// What the flake says of each host, in the order of the selection.
async fn ask(
    fleet: &Fleet,
    hosts: &[HostName],
) -> Result<Vec<(HostName, Result<Vec<Control>, Problem>)>, CliError> {
    let nix = world::nix(fleet).await?;
    let answers = RefCell::new(BTreeMap::new());
    nix.postures(
        &fleet.flake.reference,
        hosts,
        &fleet.eval,
        &|host, answer| {
            answers.borrow_mut().insert(host.clone(), answer);
        },
    )
    .await;
    let mut answers = answers.into_inner();
    let found = hosts.iter().filter_map(|host| answers.remove_entry(host));
    Ok(found.collect())
}

fn rows<'a>(host: &'a HostName, answer: &'a Result<Vec<Judged>, Problem>) -> Vec<Row<'a>> {
    match answer {
        Ok(controls) => controls
            .iter()
            .map(|judged| Row::Control { host, judged })
            .collect(),
        Err(problem) => vec![Row::Problem { host, problem }],
    }
}

/// The postures for people, unless machines read them, and every problem once.
fn tell(answers: &Answers, json: bool, look: Look) {
    let known: Vec<(HostName, Vec<Judged>)> = answers
        .iter()
        .filter_map(|(host, answer)| Some((host.clone(), answer.as_ref().ok()?.clone())))
        .collect();
    if !json {
        ui::out(&ui::posture::render(
            &known,
            answers.len() - known.len(),
            look.width,
            look.out,
        ));
    }
    let mut told: Vec<&Problem> = Vec::new();
    for problem in answers
        .iter()
        .filter_map(|(_, answer)| answer.as_ref().err())
    {
        // What is wrong with the flake is wrong for every host.
        if !told.contains(&problem) {
            ui::err(&ui::error::problem(problem, look.err));
            told.push(problem);
        }
    }
}
