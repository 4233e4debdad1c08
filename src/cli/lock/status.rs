//! `phoenix lock status`: which run and which operator holds hosts.

use clap::Args;
use serde_json::json;

use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::error::CliError;
use crate::cli::hosts::{self, json_line};
use crate::cli::world::{Needs, workstation};
use crate::cli::{load, output, select};
use crate::model::{Facts, HostName};
use crate::ui;
use crate::world::{Host, World};

#[derive(Debug, Args)]
pub(in crate::cli) struct LockStatus {
    #[command(flatten)]
    pub(super) scope: select::Scope,
}

pub(super) async fn status(
    global: &Global,
    edge: &Edge,
    args: &LockStatus,
) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let selected = select::looked_at(&args.scope, &fleet)?;
    let look = output::look(global, edge);
    let workstation =
        &workstation((global, edge), &fleet, Needs::Hosts, ui::Prompt::default()).await?;
    let answers = hosts::ask(selected, fleet.parallel.connect, async |host: &HostName| {
        Ok(workstation.connect(host).await?.facts().clone())
    })
    .await;
    let problems = || {
        answers
            .iter()
            .filter_map(|(host, answer)| Some((host, answer.as_ref().err()?)))
    };
    if global.json {
        for (host, answer) in &answers {
            json_line(&match answer {
                Ok(facts) => json!({"host": host, "lock": facts.lock, "hold": facts.hold}),
                Err(problem) => json!({"host": host, "problem": problem}),
            })?;
        }
    } else {
        for (host, answer) in &answers {
            if let Ok(facts) = answer {
                ui::out(&lines(host, facts));
            }
        }
        hosts::tell(problems(), look);
    }
    Ok(hosts::exit_status(problems().map(|(_, problem)| problem)))
}

/// A line for each that holds it: nothing is cut, whatever the width of the terminal.
fn lines(host: &HostName, facts: &Facts) -> String {
    let run = facts.lock.as_ref().map(|lock| {
        let doing = lock.doing().map(|doing| format!("; {doing}"));
        lock.shown() + &doing.unwrap_or_default()
    });
    let hold = facts
        .hold
        .as_ref()
        .map(|hold| format!("{}; reason: {}", hold.shown(), hold.reason));
    let told: Vec<String> = run.into_iter().chain(hold).collect();
    if told.is_empty() {
        return format!("{host}: free\n");
    }
    let line = |one: String| format!("{host}: {}\n", ui::clean(&one));
    told.into_iter().map(line).collect()
}
