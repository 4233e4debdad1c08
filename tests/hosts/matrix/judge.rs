//! Holds what a host and phoenix say against what a cell expects.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::cell::{GRACE, LEASE, Side};
use super::run::Facts;
use super::sight::Sight;

/// Everything that does not hold after a run, in words.
pub(super) fn judge(facts: &Facts<'_>) -> Vec<String> {
    let mut wrong = host(facts);
    wrong.extend(facts.after.left_over());
    wrong.extend(record(facts));
    wrong.extend(operator(facts));
    wrong
}

fn system<'a>(facts: &'a Facts<'_>, side: Side) -> &'a str {
    match side {
        Side::Old => facts.before.running(),
        Side::New => &facts.new,
    }
}

fn differs(what: &str, found: &str, wanted: &str) -> Option<String> {
    (found != wanted).then(|| format!("{what} is '{found}' instead of '{wanted}'"))
}

fn host(facts: &Facts<'_>) -> Vec<String> {
    let (expect, after) = (&facts.cell.expect, &facts.after);
    let running = system(facts, expect.runs);
    let profile = match expect.profile {
        Side::Old => differs("the profile", after.generation(), facts.before.generation()),
        Side::New => differs("the profile", after.profile(), system(facts, Side::New)),
    };
    let boots = match expect.boots {
        Side::Old => facts.before.boots(),
        Side::New => system(facts, Side::New),
    };
    let running = differs("what runs", after.running(), running);
    let boots = differs("the boot default", after.boots(), boots);
    [running, boots, profile].into_iter().flatten().collect()
}

/// What a boot after a power cut brings.
pub(super) fn boot(facts: &Facts<'_>, booted: &Sight) -> Vec<String> {
    let wanted = match facts.cell.expect.boots {
        Side::Old => facts.before.boots(),
        Side::New => system(facts, Side::New),
    };
    let found = [
        differs("what was booted", booted.booted(), wanted),
        differs("what runs after a boot", booted.running(), wanted),
    ];
    found.into_iter().flatten().collect()
}

fn record(facts: &Facts<'_>) -> Vec<String> {
    let record = facts.after.record();
    match facts.cell.expect.record {
        None if record.is_null() => Vec::new(),
        None => vec![format!("there is a record of the run: {record}")],
        Some(state) => {
            let found = record["state"].as_str().unwrap_or("none");
            differs("the run's state on the host", found, state)
                .into_iter()
                .collect()
        }
    }
}

fn operator(facts: &Facts<'_>) -> Vec<String> {
    let expect = &facts.cell.expect;
    let mut wrong = Vec::new();
    if let Some(ran) = &facts.ran {
        let outcome = facts.result["outcome"].as_str().unwrap_or("none");
        wrong.extend(differs(
            "the outcome",
            outcome,
            expect.outcome.unwrap_or("none"),
        ));
        if ran.code != expect.code {
            wrong.push(format!(
                "phoenix ended with {} instead of {}",
                ran.code, expect.code
            ));
        }
        if !wrong.is_empty() {
            wrong.push(ran.all());
        }
    }
    if let Some([json, table]) = &facts.status {
        for ran in [json, table].into_iter().filter(|ran| ran.code != 0) {
            wrong.push(format!(
                "`phoenix status` ended with {}: {}",
                ran.code,
                ran.all()
            ));
        }
        let said: Value = serde_json::from_str(&json.stdout).unwrap_or_default();
        let found = said["facts"]["last_run"]["state"]
            .as_str()
            .unwrap_or("none");
        let wanted = expect.record.unwrap_or("none");
        wrong.extend(differs("the last run in `phoenix status`", found, wanted));
    }
    for words in &expect.says {
        if !facts.saw.contains(words) {
            wrong.push(format!(
                "the operator is not told '{words}', but: {}",
                facts.saw
            ));
        }
    }
    if facts.rival.as_ref().is_some_and(|ran| ran.code != 1) {
        wrong.push("the second phoenix was not refused".to_owned());
    }
    wrong
}

/// When the lease began to run, as far as the host got, and when the host recorded the end of the run.
pub(super) fn lease(facts: &Facts<'_>) -> (Option<Instant>, Option<Instant>) {
    let record = facts.after.record();
    let lease = Duration::from_secs(LEASE.into());
    let began = span(&record["deadline"]).map(|deadline| deadline.saturating_sub(lease));
    let last = record["trail"].as_array().and_then(|trail| trail.last());
    let ended = last.and_then(|last| span(&last["uptime"]));
    (began.and_then(at), ended.and_then(at))
}

/// A time since boot on a host, which shares this machine's clock.
fn at(uptime: Duration) -> Option<Instant> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let now = Duration::try_from_secs_f64(text.split(' ').next()?.parse().ok()?).ok()?;
    Instant::now().checked_sub(now.saturating_sub(uptime))
}

/// A time span as the host's record has it.
fn span(value: &Value) -> Option<Duration> {
    let whole = Duration::from_secs(value["secs"].as_u64()?);
    Some(whole + Duration::from_nanos(value["nanos"].as_u64()?))
}

/// Whether the old system came back later than it may.
pub(super) fn too_late(lost: Duration) -> Option<String> {
    let limit = Duration::from_secs((LEASE + GRACE).into());
    (lost > limit).then(|| {
        format!(
            "the old system served again {:.1} s after contact was lost, at most {} s are allowed",
            lost.as_secs_f64(),
            limit.as_secs()
        )
    })
}
