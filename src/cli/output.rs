//! How this command line wants its output.

use super::args::{Color, Global};
use super::edge::Edge;
use crate::ui::{ColorChoice, ColorWishes, Format, Look, Reporter};

/// Colours and width of the two streams.
pub(super) fn look(global: &Global, edge: &Edge) -> Look {
    let choice = match global.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let wishes = ColorWishes {
        no_color: edge.no_color,
        force: edge.force_color,
        dumb: edge.dumb_terminal,
    };
    Look::detect(choice, wishes)
}

/// Who draws a run.
pub(super) fn reporter(global: &Global, edge: &Edge) -> Reporter {
    // Logged lines would garble a display that is drawn anew.
    let format = match (global.json, global.verbose) {
        (true, _) => Format::Json,
        (false, 0) => Format::Auto,
        (false, _) => Format::Lines,
    };
    Reporter::new(format, look(global, edge))
}
