//! `phoenix lock release`.

use clap::Args;
use serde_json::json;

use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::error::CliError;
use crate::cli::hosts::{self, json_line};
use crate::cli::world::{Needs, workstation};
use crate::cli::{load, output, select};
use crate::model::HostName;
use crate::ui;
use crate::world::World;

#[derive(Debug, Args)]
pub(in crate::cli) struct Release {
    #[command(flatten)]
    pub(super) selection: select::Selection,
    /// End another operator's hold, too
    #[arg(long)]
    pub(super) force: bool,
}

pub(super) async fn release(global: &Global, edge: &Edge, args: &Release) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let selected = select::required(&args.selection, &fleet)?;
    let look = output::look(global, edge);
    let workstation =
        &workstation((global, edge), &fleet, Needs::Hosts, ui::Prompt::default()).await?;
    let who = edge.who();
    let answers = hosts::ask(selected, fleet.parallel.connect, async |host: &HostName| {
        let mut link = workstation.connect(host).await?;
        link.release(&who, args.force).await
    })
    .await;
    for (host, answer) in &answers {
        match answer {
            Ok(hold) if global.json => json_line(&json!({"host": host, "released": hold}))?,
            Ok(Some(hold)) => {
                ui::out(&format!("{host}: released; {}\n", ui::clean(&hold.past())));
            }
            Ok(None) => ui::out(&format!("{host}: nobody held it\n")),
            Err(problem) if global.json => json_line(&json!({"host": host, "problem": problem}))?,
            Err(_) => {}
        }
    }
    let problems = || {
        answers
            .iter()
            .filter_map(|(host, answer)| Some((host, answer.as_ref().err()?)))
    };
    if !global.json {
        hosts::tell(problems(), look);
    }
    Ok(hosts::exit_status(problems().map(|(_, problem)| problem)))
}
