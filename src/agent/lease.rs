//! The lease of a controller that is still looking at health gates: how long the host waits for
//! its decision. Renewed again and again, so that a lost controller costs one lease only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decision;
use super::files;
use super::host::{Cx, chain, seconds};
use super::record::Record;
use super::units;
use crate::model::{Problem, ProblemKind, RunState};

/// How long after activation leases end for good, however often they are renewed.
const TOTAL: Duration = Duration::from_secs(24 * 3600);
/// How often the rescue looks whether the guard still waits.
const POLL: Duration = Duration::from_millis(200);
/// How often it asks PID 1 for it.
const ASK: Duration = Duration::from_secs(1);

/// Until when the decision is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    /// Time since boot.
    until: Duration,
}

/// When the decision must be there, in time since boot: the end of the newest lease.
pub(super) fn deadline(cx: Cx<'_>, record: &Record) -> Duration {
    let first = record.deadline.unwrap_or_default();
    newest(cx, record).map_or(first, |lease| lease.until.max(first))
}

/// Whether a controller has asked for more time.
pub(super) fn was_renewed(cx: Cx<'_>, record: &Record) -> bool {
    newest(cx, record).is_some()
}

fn newest(cx: Cx<'_>, record: &Record) -> Option<Lease> {
    // One that cannot be read is none: the host rather goes back.
    files::read(&cx.paths.run(&record.run).lease())
        .ok()
        .flatten()
}

/// Puts the deadline off to `span` from now, at most by the order's own limit, and says how far.
pub(super) fn renew(cx: Cx<'_>, record: &Record, span: Duration) -> Result<Duration, Problem> {
    let refused = |message: String| Problem::new(ProblemKind::Refused, message);
    if record.state != RunState::Probing {
        let message =
            "the run does not wait for a decision any more, so there is no lease to renew";
        return Err(refused(message.to_owned()));
    }
    let (now, files) = (cx.host.uptime(), cx.paths.run(&record.run));
    let last = activated(record) + TOTAL;
    let until = last.min(now + span.min(record.confirm_limit));
    if until <= now {
        let limit = seconds(TOTAL);
        return Err(refused(format!(
            "the lease is not renewed any more: activation ended {limit} ago, the limit for health gates"
        )));
    }
    let failed =
        |error: &(dyn std::error::Error + 'static)| Problem::from_error(ProblemKind::Failed, error);
    files::replace(&files.lease(), &Lease { until }).map_err(|error| failed(&error))?;
    // The guard may have gone by the old lease just before the new one was there.
    match decision::read(&files) {
        Ok(None) => Ok(until - now),
        Ok(Some(decision)) => Err(refused(format!(
            "the lease came too late, the run is decided: {}",
            decision.reason
        ))),
        Err(error) => Err(failed(&error)),
    }
}

/// When activation had ended.
fn activated(record: &Record) -> Duration {
    let probing = record
        .trail
        .iter()
        .find(|step| step.state == RunState::Probing);
    probing.map_or(Duration::ZERO, |step| step.uptime)
}

/// For the rescue, when the timer went off: waits while a living guard waits under a lease, and
/// returns once the run is not waiting any more, nobody guards it, or the lease has been over for
/// as long as a living guard may take.
///
/// The rescue waits itself instead of setting its timer anew: that timer is its own, and while
/// one is being exchanged for another there is none.
pub(super) fn wait_out(cx: Cx<'_>, record: &Record) {
    let guard = units::guard_name(&record.run);
    let mut asked: Option<Duration> = None;
    while waits(cx, record) {
        let now = cx.host.uptime();
        if now >= deadline(cx, record) + units::TIMER_SLACK {
            return;
        }
        if asked.is_none_or(|asked| now.saturating_sub(asked) >= ASK) {
            asked = Some(now);
            if cx.host.alive(&guard) == Some(false) {
                return;
            }
        }
        cx.host.pause(POLL);
    }
}

/// Whether the run waits for a decision under a lease.
fn waits(cx: Cx<'_>, record: &Record) -> bool {
    let is_probing = match Record::load(cx.paths, &record.run) {
        Ok(found) => {
            found.is_some_and(|now| now.state == RunState::Probing && !now.is_cut_off(cx.paths))
        }
        Err(error) => {
            cx.host.note(&chain(&error));
            false
        }
    };
    is_probing && was_renewed(cx, record)
}
