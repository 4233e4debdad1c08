//! The one error printer.

use std::fmt::Write;

use super::paint::{Paint, Tone, clean};
use super::words;
use crate::event::HostResult;
use crate::model::{HostName, Outcome, Problem};

/// Lines of a log shown with an error; the journal has the rest.
const LOG_LINES: usize = 20;

/// What a block begins with.
type Label = (Tone, &'static str);
const ERROR: Label = (Tone::Bad, "error:");
const NOTE: Label = (Tone::Careful, "note:");

/// An error block: what, why, the log, and what to do next.
///
/// ```text
/// error: web3 was rolled back: activation failed
///   cause: unit nginx.service failed
///        | nginx: [emerg] host not found in upstream "app-1"
/// hint: `journalctl -u web.service` there has the whole log
/// ```
#[must_use]
pub fn problem(problem: &Problem, paint: Paint) -> String {
    block(problem, ERROR).render(paint)
}

/// The same for what is worth telling and fails nothing.
#[must_use]
pub fn minor(problem: &Problem, paint: Paint) -> String {
    block(problem, NOTE).render(paint)
}

fn block(problem: &Problem, label: Label) -> Block<'_> {
    Block {
        label,
        headline: problem.message.clone(),
        causes: problem.causes.iter().map(String::as_str).collect(),
        log: &problem.log,
        hints: problem.hint.iter().map(ToString::to_string).collect(),
    }
}

/// How a host ended, for those that did not get what was asked for. An error block for those
/// that failed, one line for those that were left alone, nothing for the others.
#[must_use]
pub fn host(host: &HostName, result: &HostResult, paint: Paint) -> Option<String> {
    match &result.outcome {
        Outcome::Confirmed | Outcome::UpToDate | Outcome::Done { .. } => None,
        Outcome::Staged { .. } | Outcome::Skipped { .. } | Outcome::Deferred => {
            Some(note(&words::sentence(host, result), paint))
        }
        Outcome::RolledBack { .. } | Outcome::Failed { .. } | Outcome::Unknown { .. } => {
            Some(failed_host(host, result, paint))
        }
    }
}

/// One line that is no error.
#[must_use]
pub fn note(text: &str, paint: Paint) -> String {
    let (tone, label) = NOTE;
    format!("{} {}\n", paint.tone(tone, label), clean(text))
}

fn failed_host(host: &HostName, result: &HostResult, paint: Paint) -> String {
    let Some(problem) = &result.problem else {
        return Block {
            label: ERROR,
            headline: words::sentence(host, result),
            causes: Vec::new(),
            log: &[],
            hints: Vec::new(),
        }
        .render(paint);
    };
    let mut headline = words::headline(host, result);
    let mut causes: Vec<&str> = problem.causes.iter().map(String::as_str).collect();
    match &result.outcome {
        // The headline is a sentence with a colon of its own.
        Outcome::Unknown { .. } => causes.insert(0, &problem.message),
        // The message names the host already; what it says is closer than the stage.
        Outcome::Failed { .. } if names(&problem.message, host) => {
            headline.clone_from(&problem.message);
        }
        _ => {
            let _ = write!(headline, ": {}", problem.message);
        }
    }
    let hints = problem.hint.iter().map(ToString::to_string);
    Block {
        label: ERROR,
        headline,
        causes,
        log: &problem.log,
        hints: hints.chain(words::next_step(host, result)).collect(),
    }
    .render(paint)
}

/// Whether a text has the host's name as a word of its own; in a store path it is none.
fn names(text: &str, host: &HostName) -> bool {
    let edge = |letter: char| letter.is_whitespace() || "`:,;()".contains(letter);
    text.split(edge).any(|word| word == host.as_str())
}

struct Block<'a> {
    label: Label,
    headline: String,
    causes: Vec<&'a str>,
    log: &'a [String],
    hints: Vec<String>,
}

impl Block<'_> {
    fn render(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |tone, label: &str, rest: &str| {
            let label = paint.tone(tone, label).into_owned();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", format!("{label} {}", clean(rest)).trim_end());
        };
        let (tone, label) = self.label;
        line(tone, label, &self.headline);
        for cause in &self.causes {
            let mut lines = cause.lines();
            line(Tone::Plain, "  cause:", lines.next().unwrap_or_default());
            for more in lines {
                line(Tone::Plain, "        ", more);
            }
        }
        let skipped = self.log.len().saturating_sub(LOG_LINES);
        for log in &self.log[skipped..] {
            line(Tone::Faint, "       |", log);
        }
        for hint in &self.hints {
            line(Tone::Strong, "hint:", hint);
        }
        text
    }
}
