//! `phoenix show`: the whole story of a run, or the recent runs.

mod find;
mod runs;
mod story;
mod timeline;

use clap::Args;
use serde_json::{Value, json};

use super::args::Global;
use super::edge::Edge;
use super::error::CliError;
use super::hosts::{self, Answers, json_line};
use super::world::{Needs, workstation};
use super::{load, output, select};
use crate::journal::{self, Entry, Past};
use crate::model::{HostName, Problem, Story};
use crate::ui;
use find::Wanted;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The run: its id, the beginning of it, or `last`; without it, recent runs are listed
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Ask this host for its story, too; needed for a run of another workstation
    #[arg(value_name = "HOST")]
    pub(super) host: Option<String>,
}

pub(super) async fn show(global: &Global, edge: &Edge, args: &Show) -> Result<u8, CliError> {
    let Some(run) = &args.run else {
        return runs::list(global, edge);
    };
    let wanted = find::find(edge, run, args.host.is_some())?;
    let entries = match &wanted {
        Wanted::Recorded(recorded) => {
            journal::read(&recorded.path).map_err(|error| CliError::from_error(1, &error))?
        }
        Wanted::Elsewhere(_) | Wanted::Newest => Vec::new(),
    };
    let past = Past::of(&entries);
    let look = output::look(global, edge);
    let asked = stories(global, edge, args.host.as_deref(), (&wanted, past.as_ref()));
    let answers = match asked.await {
        // What is recorded here can be told without a fleet to ask.
        Err(error) if args.host.is_none() => {
            let told = format!(
                "how it ended is not known here: {}",
                error.problem.in_one_line()
            );
            ui::err(&ui::error::note(&told, look.err));
            Answers::new()
        }
        asked => asked?,
    };
    let problems = answers
        .iter()
        .filter_map(|(host, one)| Some((host, one.as_ref().err()?)));
    let status = hosts::exit_status(problems.clone().map(|(_, problem)| problem));
    if global.json {
        return tell_json(&wanted, &entries, &answers).map(|()| status);
    }
    if let Some(past) = &past {
        let is_under_way = matches!(&wanted, Wanted::Recorded(one) if one.is_under_way());
        ui::out(&timeline::run(past, is_under_way, look));
    }
    for (host, answer) in &answers {
        if let Ok(found) = answer {
            ui::out(&story::text(host, found, look));
        }
    }
    hosts::tell(problems, look);
    Ok(status)
}

/// Asks the host that was named, or those whose end the journal does not know.
async fn stories(
    global: &Global,
    edge: &Edge,
    named: Option<&str>,
    (wanted, past): (&Wanted, Option<&Past>),
) -> Result<Answers<Story>, CliError> {
    let lost = past.into_iter().flat_map(Past::undecided);
    let lost: Vec<HostName> = match wanted {
        Wanted::Recorded(recorded) if !recorded.is_under_way() => {
            lost.map(|one| one.host.clone()).collect()
        }
        _ => Vec::new(),
    };
    if named.is_none() && lost.is_empty() {
        return Ok(Vec::new());
    }
    let fleet = load::fleet(global, edge)?;
    let (named, lost): (Vec<_>, Vec<_>) = match named {
        Some(word) => (
            select::named_or_all(&[word.to_owned()], &fleet)?,
            Vec::new(),
        ),
        // One that has left the fleet since cannot be asked.
        None => lost
            .into_iter()
            .partition(|host| fleet.hosts.contains_key(host)),
    };
    let workstation =
        &workstation((global, edge), &fleet, Needs::Hosts, ui::Prompt::default()).await?;
    let mut answers = hosts::ask(named, fleet.parallel.connect, async |host: &HostName| {
        find::story(workstation, host, wanted).await
    })
    .await;
    let gone = |host: HostName| (host, Err(find::not_in_fleet()));
    answers.extend(lost.into_iter().map(gone));
    Ok(answers)
}

fn tell_json(
    wanted: &Wanted,
    entries: &[Entry],
    answers: &[(HostName, Result<Story, Problem>)],
) -> Result<(), CliError> {
    let first = answers.iter().find_map(|(_, answer)| answer.as_ref().ok());
    let run = wanted.run().or(first.map(|story| &story.summary.run));
    let events: Vec<Value> = entries.iter().map(timeline::json).collect();
    let stories = answers.iter().map(|(host, answer)| match answer {
        Ok(story) => json!({"host": host, "story": story}),
        Err(problem) => json!({"host": host, "problem": problem}),
    });
    let stories: Vec<Value> = stories.collect();
    json_line(&json!({"run": run, "events": events, "stories": stories}))
}
