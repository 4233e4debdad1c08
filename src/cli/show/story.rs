//! A run as its host tells it.

use std::fmt::Write;
use std::time::Duration;

use crate::model::clock::{span, utc};
use crate::model::{HostName, Story, Verdict, who};
use crate::ui::{self, Look, Tone, clean, units, words};

/// The host's story, for people.
pub(super) fn text(host: &HostName, story: &Story, look: Look) -> String {
    let summary = &story.summary;
    let title = format!(
        "{host}, as it tells run {} of {}",
        summary.run,
        clean(&who(&summary.who, story.from.as_deref()))
    );
    let mut text = format!("\n{}\n", look.out.tone(Tone::Strong, title));
    for line in known(host, story) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    for step in &story.steps {
        let after = units::took(Duration::from_millis(step.after));
        let state = serde_json::to_value(step.state).unwrap_or_default();
        let state = state.as_str().unwrap_or("a state unknown here");
        let _ = writeln!(text, "  {}  +{after:<6}  {state}", utc(step.at));
    }
    for log in &story.logs {
        let cut = if log.is_cut { ", the end of it" } else { "" };
        let about = format!("what activating the {} system said{cut}:", log.side);
        block(&mut text, &about, &log.lines, look);
    }
    block(&mut text, "what explains it:", &summary.log, look);
    block(
        &mut text,
        "the journal of the run's units:",
        &story.journal,
        look,
    );
    text
}

/// What became of the run on this host, and why.
fn known(host: &HostName, story: &Story) -> Vec<String> {
    let summary = &story.summary;
    let verdict = match &story.refusal {
        Some(problem) => Verdict::Refused {
            problem: problem.clone(),
        },
        None => Verdict::Ended {
            summary: summary.clone(),
        },
    };
    let mut lines = vec![clean(&words::verdict(host, &verdict))];
    lines.push(words::change(host, Some(&summary.old), Some(&summary.new)));
    lines.push(format!(
        "limits: {} to activate, {} to be confirmed",
        span(story.activate_limit.as_secs()),
        span(story.confirm_limit.as_secs())
    ));
    if let Some(seconds) = story.decides_within {
        let left = span(seconds);
        lines.push(format!(
            "it goes back by itself unless it is confirmed within {left}"
        ));
    }
    if let Some(decision) = &story.decision {
        let what = if decision.keep {
            "keep the new system"
        } else {
            "go back"
        };
        lines.push(format!("decided to {what}: {}", clean(&decision.reason)));
    }
    if let Some(exit) = story.exit {
        lines.push(format!(
            "`switch-to-configuration test` exited with status {exit}"
        ));
    }
    if !summary.failed_units.is_empty() {
        lines.push(format!(
            "units that failed: {}",
            clean(&summary.failed_units.join(", "))
        ));
    }
    lines
}

fn block(text: &mut String, about: &str, lines: &[String], look: Look) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {about}");
    for line in lines {
        let bar = look.out.tone(Tone::Faint, "       |");
        let _ = writeln!(text, "{bar} {}", ui::clean(line));
    }
}
