//! The part of a terminal that changes while a run goes on, as lines. Pure.
//!
//! While all hosts fit, each keeps its line. In a larger fleet only hosts at work have one,
//! those in the latest stages first, and the others are counted.

use std::time::Duration;

use console::measure_text_width;

use super::paint::{Paint, Tone, clean};
use super::state::{Copying, Row, State};
use super::table::{fit, pad};
use super::{units, words};
use crate::model::{Copied, Stage};

/// Lines kept free for the totals and for what is printed above.
const RESERVED: usize = 4;
/// Width of the longest word for a stage or an end: "rolled back".
const WORD: usize = 11;
/// Least width of a time: `0:14`.
const TIME: usize = 4;
/// A narrower detail says nothing.
const LEAST_DETAIL: usize = 8;
/// Between columns.
const GAP: &str = "  ";

/// Lines and columns of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) lines: usize,
    pub(super) columns: usize,
}

/// The lines to draw, each at most as wide as the terminal; never as many as it has.
pub(super) fn screen(state: &State, now: Duration, size: Size, paint: Paint) -> Vec<String> {
    let (shown, hidden) = choose(state, size.lines.saturating_sub(RESERVED).max(1));
    let widths = Widths::of(&shown, now, size.columns);
    let mut lines: Vec<String> = shown
        .iter()
        .map(|row| line(row, now, &widths, paint))
        .collect();
    if hidden > 0 {
        let more = format!("… and {} at work", words::hosts(hidden));
        lines.push(
            paint
                .tone(Tone::Faint, fit(&more, size.columns))
                .into_owned(),
        );
    }
    lines.push(totals(state, now, size.columns, paint));
    lines
}

/// Whether every host keeps its line.
pub(super) fn all_fit(state: &State, size: Size) -> bool {
    state.rows.len() <= size.lines.saturating_sub(RESERVED)
}

/// The rows that get a line, and how many hosts at work get none.
fn choose(state: &State, room: usize) -> (Vec<&Row>, usize) {
    if state.rows.len() <= room {
        return (state.rows.iter().collect(), 0);
    }
    let at_work = state.rows.iter().enumerate().filter_map(|(place, row)| {
        row.stage()
            .filter(|_| row.result.is_none())
            .map(|(stage, _)| (stage, place))
    });
    let mut at_work: Vec<_> = at_work.collect();
    let hidden = match at_work.len() {
        all if all <= room => 0,
        // The line that counts the others takes room, too.
        all => all + 1 - room,
    };
    at_work.sort_by_key(|(stage, place)| (std::cmp::Reverse(*stage), *place));
    at_work.truncate(at_work.len() - hidden);
    at_work.sort_by_key(|(_, place)| *place);
    let rows = at_work.into_iter().map(|(_, place)| &state.rows[place]);
    (rows.collect(), hidden)
}

/// Widths of the columns, the same for all lines.
struct Widths {
    name: usize,
    detail: usize,
    time: usize,
    all: usize,
}

impl Widths {
    fn of(rows: &[&Row], now: Duration, all: usize) -> Self {
        let names = rows.iter().map(|row| row.host.as_str().len());
        let times = rows.iter().map(|row| time(row, now).len());
        let name = names.max().unwrap_or_default().min((all / 3).max(8));
        let time = times.max().unwrap_or_default().max(TIME);
        Self {
            name,
            detail: all.saturating_sub(name + WORD + time + 3 * GAP.len()),
            time,
            all,
        }
    }
}

fn line(row: &Row, now: Duration, widths: &Widths, paint: Paint) -> String {
    let (tone, word) = word(row);
    let mut text = pad(row.host.as_str(), widths.name);
    text.push_str(GAP);
    text.push_str(&paint.tone(tone, pad(word, WORD)));
    text.push_str(GAP);
    if widths.detail >= LEAST_DETAIL {
        let tone = if row.result.is_none() && row.copy.is_none() {
            Tone::Faint
        } else {
            Tone::Plain
        };
        let detail = pad(&detail(row, now, widths.detail), widths.detail);
        text.push_str(&paint.tone(tone, detail));
        text.push_str(GAP);
    }
    text.push_str(&format!("{:>1$}", time(row, now), widths.time));
    fit(text.trim_end(), widths.all)
}

fn word(row: &Row) -> (Tone, &'static str) {
    match (&row.result, row.stage()) {
        (Some(result), _) => (
            words::tone(&result.outcome),
            words::outcome(&result.outcome),
        ),
        (None, Some((stage, _))) => (Tone::Plain, stage.as_str()),
        (None, None) => (Tone::Faint, "waiting"),
    }
}

fn time(row: &Row, now: Duration) -> String {
    match (&row.result, row.stage()) {
        (Some(result), _) => units::clock(Duration::from_millis(result.millis)),
        (None, Some((_, since))) => units::clock(now.saturating_sub(since)),
        (None, None) => String::new(),
    }
}

fn detail(row: &Row, now: Duration, room: usize) -> String {
    let problem = row.result.as_ref().and_then(|end| end.problem.as_ref());
    if let Some(problem) = problem {
        return clean(&problem.message);
    }
    match (row.copy, &row.detail) {
        (Some(copy), _) if row.running.contains_key(&Stage::Copy) => copying(&copy, now, room),
        (Some(copy), _) => went_ahead(&copy.copied),
        (None, Some(detail)) => clean(detail),
        (None, None) if row.sent() > 0 => format!("{} sent", units::bytes(row.sent())),
        (None, None) => String::new(),
    }
}

/// `121 paths ahead · 40.0 MiB`: what came while the rest is being built.
fn went_ahead(copied: &Copied) -> String {
    let bytes = copied.nar_bytes.unwrap_or(copied.bytes);
    format!("{} paths ahead · {}", copied.paths, units::bytes(bytes))
}

/// `31.2 MiB of 52.0 MiB · 40 of 120 paths · 2.4 MiB/s · 9s left`; what does not fit goes from
/// the end. Bytes are those of the paths that the host has taken, where they are known, and
/// the rate is that of the connection.
fn copying(copy: &Copying, now: Duration, room: usize) -> String {
    let Copying { before, copied, .. } = copy;
    let seconds = now.saturating_sub(copy.since).as_secs_f64();
    let paths = match copied.expected_paths {
        Some(expected) => format!("{} of {expected} paths", copied.paths),
        None => format!("{} paths", copied.paths),
    };
    let mut parts = match (copied.nar_bytes, copied.expected_nar_bytes) {
        (Some(done), Some(all)) if all > 0 => {
            let bytes = [done, all].map(units::bytes).join(" of ");
            let mut parts = vec![bytes, paths];
            if seconds >= 1.0 {
                let sent = copied.bytes.saturating_sub(before.bytes);
                let rate = (sent as f64 / seconds) as u64;
                parts.push(format!("{}/s", units::bytes(rate)));
            }
            let came = done.saturating_sub(before.nar_bytes.unwrap_or_default());
            if came > 0 && seconds >= 1.0 {
                let left = all.saturating_sub(done) as f64 * seconds / came as f64;
                let left = Duration::from_secs(left.ceil() as u64);
                parts.push(format!("{} left", units::clock(left)));
            }
            parts
        }
        _ => vec![units::bytes(copied.bytes), paths],
    };
    // Half a count misleads.
    while parts.len() > 1 && measure_text_width(&parts.join(" · ")) > room {
        parts.pop();
    }
    parts.join(" · ")
}

/// `3 of 8 done · 1 failed · 2 copying · 12.3 MiB sent · 0:14`; what matters least goes
/// first where there is no room.
fn totals(state: &State, now: Duration, columns: usize, paint: Paint) -> String {
    let mut parts = parts(state, now);
    let width = |parts: &[Part]| {
        let texts = parts.iter().map(|part| measure_text_width(&part.text));
        texts.sum::<usize>() + 3 * parts.len().saturating_sub(1)
    };
    while width(&parts) > columns && parts.len() > 1 {
        let places = parts.iter().enumerate().rev();
        let least = places.min_by_key(|(_, part)| part.weight);
        let least = least.map_or(0, |(place, _)| place);
        parts.remove(least);
    }
    let texts: Vec<_> = parts
        .into_iter()
        .map(|part| paint.tone(part.tone, part.text))
        .collect();
    fit(&texts.join(" · "), columns)
}

/// A part of the totals; the lightest go first.
struct Part {
    weight: u8,
    tone: Tone,
    text: String,
}

fn parts(state: &State, now: Duration) -> Vec<Part> {
    let counts = state.counts();
    let mut parts = Vec::new();
    let mut part = |weight, tone, text| parts.push(Part { weight, tone, text });
    if state.interrupted {
        part(7, Tone::Bad, "interrupted".to_owned());
    }
    part(
        9,
        Tone::Strong,
        format!("{} of {} done", counts.done, counts.all),
    );
    if counts.failed > 0 {
        part(8, Tone::Bad, format!("{} failed", counts.failed));
    }
    for (stage, count) in counts.running.iter().rev() {
        let text = format!("{count} {}", words::doing(*stage));
        part(3, Tone::Plain, text);
    }
    if let Some((done, expected, current)) = &state.build
        && done < expected
    {
        part(1, Tone::Faint, format!("{done} of {expected} built"));
        if let Some(current) = current {
            part(0, Tone::Faint, fit(&clean(current), 30));
        }
    }
    if counts.waiting > 0 {
        part(2, Tone::Faint, format!("{} waiting", counts.waiting));
    }
    if counts.bytes > 0 {
        part(
            4,
            Tone::Plain,
            format!("{} sent", units::bytes(counts.bytes)),
        );
    }
    part(5, Tone::Plain, units::clock(now));
    parts
}
