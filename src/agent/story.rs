//! What a host tells of a run afterwards, to whoever asks.

use super::decision;
use super::files::FileError;
use super::host::Cx;
use super::lock;
use super::paths::Side;
use super::reconcile;
use super::record::{self, Record};
use super::units;
use crate::model::{Problem, ProblemKind, RunId, Story, StoryDecision, StoryLog, StoryStep};
use crate::wire::agent::Reply;

/// Lines told of each log, and letters of each line: together well below the limit of a message.
const LINES: usize = 100;
const LETTERS: usize = 300;

/// What became of a run.
pub(super) fn verdict(cx: Cx<'_>, run: &RunId) -> Result<Reply, Problem> {
    let Some(record) = load(cx, run)? else {
        return Ok(unknown(cx));
    };
    Ok(match record.refusal {
        Some(problem) => Reply::Refused { problem },
        None => Reply::Ended {
            summary: record.summary(),
        },
    })
}

/// All that is known of a run.
pub(super) fn story(cx: Cx<'_>, run: &RunId) -> Result<Reply, Problem> {
    let Some(record) = load(cx, run)? else {
        return Ok(unknown(cx));
    };
    let files = cx.paths.run(run);
    // What was decided is told as far as it can be read; the record says how it ended.
    let decision = decision::read(&files).ok().flatten();
    let own = [
        units::guard_name(run),
        units::switch_name(run, Side::New),
        units::switch_name(run, Side::Old),
        units::rescue_name(run),
    ];
    let journal = cx.host.history(&own, LINES);
    let logs = [Side::New, Side::Old];
    let logs = logs.into_iter().filter_map(|side| log(cx, run, side));
    let story = Story {
        steps: steps(&record),
        activate_limit: record.activate_limit,
        confirm_limit: record.confirm_limit,
        decides_within: lock::decides_within(cx, &record),
        exit: record.exit,
        decision: decision.map(|one| StoryDecision {
            keep: one.keep,
            reason: one.reason,
        }),
        logs: logs.collect(),
        journal: bounded(&journal),
        from: record.from.clone(),
        summary: record.summary(),
        refusal: record.refusal,
    };
    Ok(Reply::Story {
        story: Box::new(story),
    })
}

/// The record of a run, closed if a reboot cut it off.
fn load(cx: Cx<'_>, run: &RunId) -> Result<Option<Record>, Problem> {
    let failed = |error: FileError| Problem::from_error(ProblemKind::Failed, &error);
    let record = Record::load(cx.paths, run).map_err(failed)?;
    Ok(record.map(|record| reconcile::reconcile(cx, record)))
}

fn unknown(cx: Cx<'_>) -> Reply {
    let known = record::all(cx).into_iter().map(|record| record.run);
    Reply::UnknownRun {
        known: known.collect(),
    }
}

fn steps(record: &Record) -> Vec<StoryStep> {
    let first = record.trail.first().map(|step| step.uptime);
    let step = |step: &record::Step| StoryStep {
        state: step.state,
        at: step.at,
        // A reboot lies between where the time since boot is smaller than at the beginning.
        after: step
            .uptime
            .checked_sub(first.unwrap_or_default())
            .unwrap_or(step.uptime)
            .as_millis()
            .try_into()
            .unwrap_or(u64::MAX),
    };
    record.trail.iter().map(step).collect()
}

/// The end of what one side's switch said; nothing when it never ran.
fn log(cx: Cx<'_>, run: &RunId, side: Side) -> Option<StoryLog> {
    let bytes = std::fs::read(cx.paths.run(run).log(side)).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    Some(StoryLog {
        side: side.word().to_owned(),
        is_cut: lines.len() > LINES,
        lines: bounded(&lines),
    })
}

fn bounded(lines: &[String]) -> Vec<String> {
    let from = lines.len().saturating_sub(LINES);
    lines[from..]
        .iter()
        .map(|line| line.trim_end().chars().take(LETTERS).collect())
        .collect()
}
