//! The reader for a person at a terminal: a line a host that changes, and totals.
//!
//! All lines are one message of one bar, so that they change together; what stays is printed
//! above it.

use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::lines::{interrupted, notice};
use super::paint::{Paint, Tone, clean};
use super::prompt::{Gate, Prompt};
use super::reporter::Look;
use super::state::State;
use super::view::{self, Size};
use super::{plan, words};
use crate::event::{Event, HostResult, StepEvent};
use crate::model::{HostName, Outcome};

/// Progress is drawn at most this often.
const PACE: Duration = Duration::from_millis(50);
/// Lines of a failed activation's log that are shown at once; its error has them all.
const LOG_LINES: usize = 6;

/// Draws a run live.
pub(super) struct Terminal {
    bars: MultiProgress,
    block: ProgressBar,
    size: Box<dyn Fn() -> Size + Send>,
    paint: Paint,
    gate: Gate,
    drawn: Duration,
    /// Lines to print above, held while a question is on the terminal.
    above: Vec<String>,
}

impl Terminal {
    pub(super) fn stderr(look: Look) -> Self {
        let term = Term::buffered_stderr();
        let size = move || {
            let (lines, columns) = term.size();
            Size {
                lines: usize::from(lines),
                columns: usize::from(columns),
            }
        };
        Self::new(ProgressDrawTarget::stderr(), size, look.err)
    }

    pub(super) fn new(
        target: ProgressDrawTarget,
        size: impl Fn() -> Size + Send + 'static,
        paint: Paint,
    ) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let style = ProgressStyle::with_template("{msg}").expect("the template is a valid one");
        let block = bars.add(ProgressBar::new_spinner().with_style(style));
        Self {
            bars,
            block,
            size: Box::new(size),
            paint,
            gate: Gate::default(),
            drawn: Duration::ZERO,
            above: Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(super) fn prompt(&self) -> Prompt {
        Prompt::new(self.gate.clone(), Some(self.bars.clone()))
    }

    pub(super) fn event(&mut self, state: &State, now: Duration, event: &Event) {
        match event {
            Event::Step(step) => {
                let text = self.lasting(state, step);
                self.above.extend(text.lines().map(str::to_owned));
                self.draw(state, now);
            }
            Event::Progress(_) if now.saturating_sub(self.drawn) >= PACE => self.draw(state, now),
            Event::Progress(_) => {}
        }
    }

    /// What a step leaves above the lines that change.
    fn lasting(&self, state: &State, step: &StepEvent) -> String {
        match step {
            // Without a question the lines below and the summary tell the same.
            StepEvent::Planned { confirm: false, .. } => String::new(),
            StepEvent::Planned { hosts, .. } => {
                plan::render(hosts, Some((self.size)().columns), self.paint) + "\n"
            }
            StepEvent::Notice { host, message } => notice(host.as_ref(), message),
            StepEvent::Interrupted { leaving, undecided } => interrupted(*leaving, undecided),
            StepEvent::HostFinished { host, result } => self.end(state, host, result),
            // What passed is told in the host's own line, and what was only wanted by a notice.
            StepEvent::GateFinished { host, result } if result.forbids() => {
                format!("{host}: gate {}\n", words::gate(result))
            }
            StepEvent::GateFinished { .. }
            | StepEvent::RunStarted { .. }
            | StepEvent::StageStarted { .. }
            | StepEvent::StageFinished { .. }
            // Told in journals only.
            | StepEvent::Verdict { .. }
            | StepEvent::RunFinished { .. } => String::new(),
        }
    }

    /// The log of a host whose activation failed; in a large fleet also how a host ended
    /// that did not end well, for it has no line that would say so.
    fn end(&self, state: &State, host: &HostName, result: &HostResult) -> String {
        let mut text = String::new();
        if result.outcome.is_good() {
            return text;
        }
        if !view::all_fit(state, (self.size)()) {
            let word = self.paint.tone(Tone::Bad, words::outcome(&result.outcome));
            let why = result.problem.as_ref().map(|p| clean(&p.message));
            text.push_str(&format!("{host}  {word}  {}\n", why.unwrap_or_default()));
        }
        if let Outcome::Failed { stage } | Outcome::RolledBack { stage } = result.outcome
            && stage >= crate::model::Stage::Activate
            && let Some(row) = state.host(host)
        {
            let skipped = row.log.len().saturating_sub(LOG_LINES);
            for line in row.log.iter().skip(skipped) {
                let line = format!("{host} | {}", clean(line));
                text.push_str(&self.paint.tone(Tone::Faint, line));
                text.push('\n');
            }
        }
        text
    }

    /// Draws, unless a question is on the terminal.
    pub(super) fn draw(&mut self, state: &State, now: Duration) {
        let Some(_held) = self.gate.try_enter() else {
            return;
        };
        for line in self.above.drain(..) {
            // A terminal that is gone shows nothing; the run goes on.
            let _ = self.bars.println(line);
        }
        let lines = view::screen(state, now, (self.size)(), self.paint);
        self.block.set_message(lines.join("\n"));
        self.drawn = now;
    }

    /// Takes the lines that change away, for the summary to follow.
    pub(super) fn clear(&mut self) {
        let _held = self.gate.enter();
        for line in self.above.drain(..) {
            let _ = self.bars.println(line);
        }
        self.block.finish_and_clear();
        let _ = self.bars.clear();
    }
}
