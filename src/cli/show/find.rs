//! Which run is meant.

use crate::adapter::Workstation;
use crate::cli::edge::Edge;
use crate::cli::error::{CliError, USAGE};
use crate::journal::{self, Recorded};
use crate::model::{HostName, Problem, ProblemKind, RunId, Story};
use crate::world::{Host, World};

/// Runs named in a hint.
const NAMED: usize = 5;

/// The run that is meant.
pub(super) enum Wanted {
    /// One of this workstation.
    Recorded(Recorded),
    /// One that only its hosts know.
    Elsewhere(RunId),
    /// The newest of the host that is asked.
    Newest,
}

impl Wanted {
    /// Its id, if it is known without asking.
    pub(super) fn run(&self) -> Option<&RunId> {
        match self {
            Self::Recorded(recorded) => Some(&recorded.run),
            Self::Elsewhere(run) => Some(run),
            Self::Newest => None,
        }
    }
}

/// The runs recorded here, newest first; none where nothing says where they would be.
pub(super) fn recorded(edge: &Edge) -> Result<Vec<Recorded>, CliError> {
    let folder = edge.runs();
    let found = folder.map(|folder| journal::list(&folder)).transpose();
    let found = found.map_err(|error| CliError::from_error(1, &error))?;
    Ok(found.unwrap_or_default())
}

/// The run that `word` means: an id, the beginning of one, or `last`.
pub(super) fn find(edge: &Edge, word: &str, has_host: bool) -> Result<Wanted, CliError> {
    let runs = recorded(edge)?;
    if word == "last" {
        // With a host it is the host's own last run, whoever began it.
        return match runs.first() {
            _ if has_host => Ok(Wanted::Newest),
            Some(newest) => Ok(Wanted::Recorded(newest.clone())),
            None => Err(
                CliError::new(USAGE, "no run is recorded on this workstation")
                    .hint("`phoenix show last HOST` tells the last run of a host"),
            ),
        };
    }
    let mut fitting = runs.iter().filter(|one| one.run.as_str().starts_with(word));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(Wanted::Recorded(one.clone())),
        (Some(one), Some(other)) => {
            let message = format!("several runs begin with `{word}`");
            let (one, other) = (&one.run, &other.run);
            Err(CliError::new(USAGE, message).hint(format!("such as {one} and {other}")))
        }
        (None, _) => match RunId::new(word) {
            Ok(run) if has_host => Ok(Wanted::Elsewhere(run)),
            _ => Err(nowhere(word, &runs)),
        },
    }
}

fn nowhere(word: &str, runs: &[Recorded]) -> CliError {
    let message = format!("no run `{word}` is recorded on this workstation");
    let recent: Vec<&str> = runs
        .iter()
        .take(NAMED)
        .map(|one| one.run.as_str())
        .collect();
    CliError::new(USAGE, message).hint(if recent.is_empty() {
        "none is; for a run of another workstation give its whole id and a host: `phoenix show RUN HOST`".to_owned()
    } else {
        format!(
            "recent runs: {}; for a run of another workstation give its whole id and a host",
            recent.join(", ")
        )
    })
}

/// The host's own story of the run.
pub(super) async fn story(
    workstation: &Workstation,
    host: &HostName,
    wanted: &Wanted,
) -> Result<Story, Problem> {
    let mut link = workstation.connect(host).await?;
    let run = match wanted.run() {
        Some(run) => run.clone(),
        None => {
            let last = link.facts().last_run.as_ref();
            last.map(|last| last.run.clone())
                .ok_or_else(|| Problem::new(ProblemKind::Failed, "it knows no run"))?
        }
    };
    let known = match link.story(&run).await? {
        Ok(story) => return Ok(story),
        Err(known) => known,
    };
    let problem = Problem::new(
        ProblemKind::Failed,
        format!("it has no record of run {run}"),
    )
    .because("the order never reached it, or the record was removed since: the newest 20 are kept");
    let known: Vec<&str> = known.iter().take(NAMED).map(RunId::as_str).collect();
    Err(if known.is_empty() {
        problem
    } else {
        problem.with_hint(format!("its newest runs: {}", known.join(", ")))
    })
}

/// A host that cannot be asked.
pub(super) fn not_in_fleet() -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "it is not in fleet.toml any more and cannot be asked how it ended",
    )
}
