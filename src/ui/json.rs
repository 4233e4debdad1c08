//! The reader for programs: every step event as one line of JSON.

use std::time::Duration;

use super::output::Sink;
use super::state::State;
use crate::event::Event;

/// Writes step events exactly in their own form; progress is left out.
pub(super) struct Json {
    sink: Sink,
    state: State,
}

impl Json {
    pub(super) fn new(sink: Sink) -> Self {
        Self {
            sink,
            state: State::default(),
        }
    }

    pub(super) fn event(&mut self, now: Duration, event: &Event) {
        self.state.apply(now, event);
        if let Event::Step(step) = event {
            let mut line =
                serde_json::to_string(step).expect("events hold only text, numbers and lists");
            line.push('\n');
            self.sink.put(&line);
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }
}
