//! The reader for logs: plain lines, one when a host leaves a stage and one when it ends.

use std::time::Duration;

use super::output::Sink;
use super::paint::{Paint, clean};
use super::prompt::{Gate, Prompt};
use super::state::State;
use super::table::pad;
use super::{plan, units, words};
use crate::event::{Event, HostPlanned, HostResult, StepEvent};
use crate::model::{GateResult, HostName, RunId, SYSTEMD};

/// Width of the longest stage: "activate".
const STAGE: usize = 8;

/// Writes lines that stay.
pub(super) struct Lines {
    sink: Sink,
    paint: Paint,
    gate: Gate,
    /// What happened while a question was on the terminal.
    held: String,
}

impl Lines {
    pub(super) fn new(sink: Sink, paint: Paint) -> Self {
        Self {
            sink,
            paint,
            gate: Gate::default(),
            held: String::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(super) fn prompt(&self) -> Prompt {
        Prompt::new(self.gate.clone(), None)
    }

    pub(super) fn event(&mut self, state: &State, event: &Event) {
        if let Event::Step(step) = event {
            self.held.push_str(&text(state, step, self.paint));
        }
        self.flush();
    }

    /// Writes what was held back, unless a question is on the terminal.
    pub(super) fn flush(&mut self) {
        if let Some(_held) = self.gate.try_enter() {
            self.sink.put(&std::mem::take(&mut self.held));
        }
    }

    /// Writes what was held back, after the last question.
    pub(super) fn end(&mut self) {
        let _held = self.gate.enter();
        self.sink.put(&std::mem::take(&mut self.held));
    }
}

/// What there is to say about a step: nothing, or lines.
fn text(state: &State, step: &StepEvent, paint: Paint) -> String {
    match step {
        StepEvent::RunStarted {
            run,
            command,
            hosts,
            ..
        } => begin(run, command, hosts),
        StepEvent::StageStarted { .. } | StepEvent::RunFinished { .. } => String::new(),
        StepEvent::StageFinished {
            host,
            stage,
            millis,
            note,
            bytes,
            nar_bytes,
            ..
        } => {
            let bytes = words::sent(*bytes, *nar_bytes);
            let rest = bytes.into_iter().chain(note.as_deref().map(clean));
            line(state, host, (stage.as_str(), *millis), rest)
        }
        StepEvent::Planned {
            confirm: true,
            hosts,
        } => plan::render(hosts, None, paint),
        StepEvent::Planned { hosts, .. } => hosts.iter().map(|host| planned(state, host)).collect(),
        StepEvent::Notice { host, message } => notice(host.as_ref(), message),
        StepEvent::GateFinished { host, result } => gate(state, host, result),
        StepEvent::Verdict { host, verdict } => words::verdict(host, verdict) + "\n",
        StepEvent::HostFinished { host, result } => end(state, host, result),
        StepEvent::Interrupted { leaving, undecided } => interrupted(*leaving, undecided),
    }
}

fn begin(run: &RunId, command: &str, hosts: &[HostName]) -> String {
    let count = words::hosts(hosts.len());
    format!("run {run}: {} of {count}\n", clean(command))
}

/// One host's plan. That there is nothing to do is told when the host ends.
fn planned(state: &State, planned: &HostPlanned) -> String {
    let (host, from, to) = (&planned.host, planned.from.as_ref(), planned.to.as_ref());
    if planned.action == plan::NOTHING {
        return String::new();
    }
    format!(
        "{}  plan      {}  {}\n",
        name(state, host),
        clean(&planned.action),
        words::change(host, from, to)
    )
}

/// The host's name, as wide as the longest.
fn name(state: &State, host: &HostName) -> String {
    let longest = state.rows.iter().map(|row| row.host.as_str().len()).max();
    pad(host.as_str(), longest.unwrap_or_default())
}

/// How a gate ended. That the gate every host has passed is no news, and of one that is only
/// wanted a notice tells.
fn gate(state: &State, host: &HostName, result: &GateResult) -> String {
    let is_known = if result.passed {
        result.name.as_str() == SYSTEMD
    } else {
        !result.forbids()
    };
    if is_known {
        return String::new();
    }
    let rest = std::iter::once(clean(&words::gate(result)));
    line(state, host, ("gate", result.millis), rest)
}

fn end(state: &State, host: &HostName, result: &HostResult) -> String {
    let problem = result.problem.as_ref().map(|p| clean(&p.message));
    let word = words::outcome(&result.outcome);
    line(state, host, (word, result.millis), problem.into_iter())
}

fn line(
    state: &State,
    host: &HostName,
    (word, millis): (&str, u64),
    rest: impl Iterator<Item = String>,
) -> String {
    let mut text = format!(
        "{}  {word:STAGE$}  {}",
        name(state, host),
        units::took(Duration::from_millis(millis)),
    );
    for part in rest {
        text.push_str("  ");
        text.push_str(&part);
    }
    text.push('\n');
    text
}

/// A notice as a line.
pub(super) fn notice(host: Option<&HostName>, message: &str) -> String {
    match host {
        Some(host) => format!("{host}: {}\n", clean(message)),
        None => format!("{}\n", clean(message)),
    }
}

/// What an interrupt means for the hosts, as lines.
pub(super) fn interrupted(leaving: bool, undecided: &[HostName]) -> String {
    let hosts: Vec<&HostName> = undecided.iter().collect();
    let names = words::names(&hosts);
    match (leaving, hosts.len()) {
        (false, 0) => "interrupted: nothing new is started\n".to_owned(),
        (false, _) => format!(
            "interrupted: nothing new is started; waiting for {names} (Ctrl-C again leaves at once)\n"
        ),
        (true, 0) => "interrupted again: leaving\n".to_owned(),
        (true, 1) => format!(
            "interrupted again: leaving; {names} goes back by itself unless confirmed; `phoenix status {names}` tells\n"
        ),
        (true, _) => format!(
            "interrupted again: leaving; {names} go back by themselves unless confirmed; `phoenix status` tells\n"
        ),
    }
}
