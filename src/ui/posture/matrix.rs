//! Controls as rows and hosts as columns, or one line a host where that does not fit.

use console::measure_text_width;

use super::{Postures, STATES, all, tone, word};
use crate::model::{HostName, Judged, Standing};
use crate::ui::paint::Paint;
use crate::ui::table::{Cell, Table};

/// Columns that are assumed where nobody knows how wide the reader's window is.
const LOG: usize = 160;

/// How much a cell says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A word below each host's name.
    Words,
    /// A sign below each host's name.
    Signs,
    /// A sign below a number for each host.
    Numbers,
}

/// The first form that fits.
pub(super) fn render(hosts: &Postures, width: Option<usize>, paint: Paint) -> String {
    let room = width.unwrap_or(LOG);
    let forms = [Form::Words, Form::Signs, Form::Numbers];
    let fitting = forms.into_iter().find_map(|form| {
        let table = table(hosts, form);
        (table.width() <= room).then_some((form, table))
    });
    let Some((form, table)) = fitting else {
        return counts(hosts).render(width, paint);
    };
    let mut text = table.render(None, paint);
    if form != Form::Words {
        text.push_str(&flow(legend(hosts, paint), room));
    }
    if form == Form::Numbers {
        text.push_str(&flow(names(hosts), room));
    }
    text
}

fn table(hosts: &Postures, form: Form) -> Table {
    let heading = |(at, (host, _)): (usize, &(HostName, Vec<Judged>))| match form {
        Form::Numbers => (at + 1).to_string(),
        Form::Words | Form::Signs => host.to_string(),
    };
    let headings: Vec<String> = ["control".to_owned()]
        .into_iter()
        .chain(hosts.iter().enumerate().map(heading))
        .collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let mut table = Table::new(&headings);
    for control in controls(hosts) {
        let cell = |(_, judged): &(HostName, Vec<Judged>)| {
            let found = judged.iter().find(|one| one.control == control);
            found.map_or_else(Cell::default, |one| cell(one.state, form))
        };
        let cells = [Cell::from(control)].into_iter();
        table.cells(cells.chain(hosts.iter().map(cell)).collect());
    }
    table
}

/// Names of controls, in the order in which hosts have them.
fn controls(hosts: &Postures) -> Vec<&str> {
    let mut found = Vec::new();
    for one in all(hosts) {
        if !found.contains(&one.control.as_str()) {
            found.push(&one.control);
        }
    }
    found
}

fn cell(state: Standing, form: Form) -> Cell {
    let text = match (form, state) {
        (Form::Words, Standing::Inapplicable) => "-",
        (Form::Words, state) => word(state),
        (_, state) => sign(state),
    };
    Cell::toned(tone(state), text)
}

/// One column wide; what is as it should be is the quietest.
fn sign(state: Standing) -> &'static str {
    match state {
        Standing::Weakened => "W",
        Standing::Expired => "X",
        Standing::Excepted => "e",
        Standing::Unneeded => "u",
        Standing::Inapplicable => "-",
        Standing::Held => "·",
    }
}

/// The signs that are there, with their words.
fn legend(hosts: &Postures, paint: Paint) -> Vec<String> {
    let is_there = |state: &&Standing| all(hosts).any(|one| one.state == **state);
    let part = |state: &Standing| {
        let sign = paint.tone(tone(*state), sign(*state));
        format!("{sign} {}", word(*state))
    };
    STATES.iter().filter(is_there).map(part).collect()
}

/// The hosts, with their numbers.
fn names(hosts: &Postures) -> Vec<String> {
    let part = |(at, (host, _)): (usize, &(HostName, _))| format!("{} {host}", at + 1);
    hosts.iter().enumerate().map(part).collect()
}

/// Parts side by side, in as many lines as it takes.
fn flow(parts: Vec<String>, room: usize) -> String {
    const GAP: &str = "   ";
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let fits = |line: &String| {
            let [line, part] = [line.as_str(), part.as_str()].map(measure_text_width);
            line + GAP.len() + part <= room
        };
        match lines.last_mut().filter(|line| fits(line)) {
            Some(line) => *line += &format!("{GAP}{part}"),
            None => lines.push(part),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// One line a host: how many controls are in which state.
fn counts(hosts: &Postures) -> Table {
    let headings = ["host"].into_iter().chain(STATES.map(word));
    let headings: Vec<&str> = headings.collect();
    let mut table = (1..headings.len()).fold(Table::new(&headings), Table::right);
    for (host, controls) in hosts {
        let cell = |state: Standing| {
            let count = controls.iter().filter(|one| one.state == state).count();
            match count {
                0 => Cell::from("-"),
                count => Cell::toned(tone(state), count.to_string()),
            }
        };
        let cells = [Cell::from(host.as_str())].into_iter();
        table.cells(cells.chain(STATES.map(cell)).collect());
    }
    table
}
