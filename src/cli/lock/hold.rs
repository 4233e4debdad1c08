//! `phoenix lock hold`.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::adapter::link::HoldWish;
use crate::cli::args::Global;
use crate::cli::edge::Edge;
use crate::cli::error::CliError;
use crate::cli::hosts::{self, json_line};
use crate::cli::world::{Needs, workstation};
use crate::cli::{load, output, select};
use crate::fleet;
use crate::model::{HostName, REASON_LIMIT};
use crate::ui;
use crate::world::World;

#[derive(Debug, Args)]
pub(in crate::cli) struct HoldArgs {
    #[command(flatten)]
    pub(super) selection: select::Selection,
    /// Why, in one line; everybody who is refused reads it
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(super) reason: String,
    /// End by itself after this time, as in 2h or 1d12h; without it, the hold lasts until released
    #[arg(long = "for", value_name = "TIME", value_parser = fleet::duration_from)]
    pub(super) time: Option<Duration>,
    /// Take the place of another operator's hold
    #[arg(long)]
    pub(super) force: bool,
}

/// Checked here, so that the mistake is told once and not by every host.
fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > REASON_LIMIT || text.chars().any(char::is_control) {
        return Err(format!(
            "it must be one line of 1 to {REASON_LIMIT} letters"
        ));
    }
    Ok(text.to_owned())
}

pub(super) async fn hold(global: &Global, edge: &Edge, args: &HoldArgs) -> Result<u8, CliError> {
    let fleet = load::fleet(global, edge)?;
    let selected = select::required(&args.selection, &fleet)?;
    let look = output::look(global, edge);
    let workstation =
        &workstation((global, edge), &fleet, Needs::Hosts, ui::Prompt::default()).await?;
    let wish = HoldWish {
        who: edge.who(),
        reason: args.reason.clone(),
        // A part of a second is no time for a hold.
        seconds: args.time.map(|time| time.as_secs().max(1)),
        force: args.force,
    };
    let answers = hosts::ask(selected, fleet.parallel.connect, async |host: &HostName| {
        let mut link = workstation.connect(host).await?;
        link.hold(wish.clone()).await
    })
    .await;
    for (host, answer) in &answers {
        match answer {
            Ok((hold, lock)) if global.json => {
                json_line(&json!({"host": host, "hold": hold, "lock": lock}))?;
            }
            Ok((hold, lock)) => {
                ui::out(&format!("{host}: {}\n", ui::clean(&hold.shown())));
                if let Some(lock) = lock {
                    let told = format!("{host}: {}, and is not stopped by the hold", lock.shown());
                    ui::err(&ui::error::note(&told, look.err));
                }
            }
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
