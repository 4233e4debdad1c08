//! Folds events into what people and programs read; the only place that prints.
//!
//! [`Reporter`] is fed every event of a run and draws it for a terminal, as plain lines or as
//! JSON. People's progress and errors go to standard error, results to standard output.

mod card;
pub mod error;
pub mod exit;
mod json;
mod lines;
pub mod option;
mod output;
mod paint;
pub mod plan;
pub mod posture;
mod prompt;
mod reporter;
mod state;
mod summary;
mod table;
mod terminal;
pub mod units;
mod view;
pub mod words;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use card::card;
pub use exit::exit_code;
pub use output::{err, is_lost, out};
pub use paint::{ColorChoice, ColorWishes, Paint, Tone, clean};
pub use prompt::{Prompt, PromptError, ask};
pub use reporter::{Format, Look, Reporter};
pub use state::{Counts, Row, State};
pub use table::{Cell, Table};
