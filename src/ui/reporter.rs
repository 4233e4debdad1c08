//! One door to all readers of events.

use std::io::{self, IsTerminal};
use std::time::Duration;

use console::Term;

use super::json::Json;
use super::lines::Lines;
use super::output::Sink;
use super::paint::{ColorChoice, ColorWishes, Paint};
use super::prompt::{Gate, Prompt};
use super::state::State;
use super::summary;
use super::terminal::Terminal;
use crate::event::Event;

/// For whom a run is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// A person: live if standard error is a terminal, else plain lines.
    #[default]
    Auto,
    /// A log: plain lines.
    Lines,
    /// A program: one step event a line on standard output.
    Json,
}

/// Colours and width of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Colours of standard output.
    pub out: Paint,
    /// Colours of standard error.
    pub err: Paint,
    /// Columns of standard output, if it is a terminal.
    pub width: Option<usize>,
    /// Whether standard error is a terminal on which lines can be drawn anew.
    pub is_live: bool,
}

impl Look {
    /// Looks at the two streams; what `--color` and the environment say is passed in.
    #[must_use]
    pub fn detect(color: ColorChoice, wishes: ColorWishes) -> Self {
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            out: color.decide(wishes, out),
            err: color.decide(wishes, err),
            width: out.then(|| usize::from(Term::stdout().size().1)),
            is_live: err && !wishes.dumb,
        }
    }
}

/// Takes in the events of a run and tells somebody.
pub struct Reporter(Reader);

enum Reader {
    /// Draws live.
    Terminal(Human<Terminal>),
    /// Writes a line now and then.
    Lines(Human<Lines>),
    /// Writes every step as JSON.
    Json(Json),
}

/// A reader for people: the display, and the summary at the end.
struct Human<D> {
    display: D,
    state: State,
    look: Look,
    out: Sink,
    err: Sink,
}

impl Reporter {
    /// A reader on this process's own streams.
    #[must_use]
    pub fn new(format: Format, look: Look) -> Self {
        Self(match format {
            Format::Json => Reader::Json(Json::new(Sink::stdout())),
            Format::Auto if look.is_live => {
                Reader::Terminal(Human::new(Terminal::stderr(look), look))
            }
            Format::Auto | Format::Lines => {
                Reader::Lines(Human::new(Lines::new(Sink::stderr(), look.err), look))
            }
        })
    }

    /// Takes in an event; `now` is the time since the start of the run. Never blocks on a
    /// question that is being asked.
    pub fn event(&mut self, now: Duration, event: &Event) {
        match &mut self.0 {
            Reader::Terminal(human) => {
                human.state.apply(now, event);
                human.display.event(&human.state, now, event);
            }
            Reader::Lines(human) => {
                human.state.apply(now, event);
                human.display.event(&human.state, event);
            }
            Reader::Json(json) => json.event(now, event),
        }
    }

    /// Lets clocks go on. To be called a few times a second while nothing happens.
    pub fn tick(&mut self, now: Duration) {
        match &mut self.0 {
            Reader::Terminal(human) => human.display.draw(&human.state, now),
            Reader::Lines(human) => human.display.flush(),
            Reader::Json(_) => {}
        }
    }

    /// Ends the display and tells people how each host ended.
    pub fn finish(&mut self) {
        match &mut self.0 {
            Reader::Terminal(human) => {
                human.display.clear();
                human.summarize();
            }
            Reader::Lines(human) => {
                human.display.end();
                human.summarize();
            }
            Reader::Json(_) => {}
        }
    }

    /// Asks questions without garbling the display.
    #[must_use]
    pub fn prompt(&self) -> Prompt {
        match &self.0 {
            Reader::Terminal(human) => human.display.prompt(),
            Reader::Lines(human) => human.display.prompt(),
            Reader::Json(_) => Prompt::new(Gate::default(), None),
        }
    }

    /// The run as far as it has come.
    #[must_use]
    pub fn state(&self) -> &State {
        match &self.0 {
            Reader::Terminal(human) => &human.state,
            Reader::Lines(human) => &human.state,
            Reader::Json(json) => json.state(),
        }
    }
}

impl<D> Human<D> {
    fn new(display: D, look: Look) -> Self {
        Self {
            display,
            state: State::default(),
            look,
            out: Sink::stdout(),
            err: Sink::stderr(),
        }
    }

    fn summarize(&mut self) {
        let look = self.look;
        // On the stream of the display, so that a redirected result begins with its table.
        self.err.put("\n");
        self.out
            .put(&summary::table(&self.state, look.width, look.out));
        self.err.put(&summary::errors(&self.state, look.err));
    }
}
