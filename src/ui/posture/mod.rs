//! How hosts stand with their security controls: a table of both, and all that is not simply
//! held in words.

mod matrix;
mod story;

use std::collections::BTreeSet;

use super::paint::{Paint, Tone};
use super::words;
use crate::model::{HostName, Judged, Standing};

/// All states, the worst first.
const STATES: [Standing; 6] = [
    Standing::Weakened,
    Standing::Expired,
    Standing::Excepted,
    Standing::Unneeded,
    Standing::Inapplicable,
    Standing::Held,
];

/// Hosts with their controls, in the order in which they are shown.
pub type Postures = [(HostName, Vec<Judged>)];

/// The table in the widest form that fits, then everything that is not simply held, then counts.
/// `unknown` hosts were asked as well, and have no answer.
#[must_use]
pub fn render(hosts: &Postures, unknown: usize, width: Option<usize>, paint: Paint) -> String {
    if hosts.is_empty() {
        return String::new();
    }
    let table = matrix::render(hosts, width, paint);
    let story = story::render(hosts, unknown == 0, paint);
    let gap = if story.is_empty() { "" } else { "\n" };
    let count = paint.tone(Tone::Strong, count(hosts, unknown));
    format!("{table}{gap}{story}\n{count}\n")
}

/// `2 hosts, 3 controls: 1 weakened · 5 held; 1 host is not known`.
fn count(hosts: &Postures, unknown: usize) -> String {
    let controls = all(hosts).map(|one| one.control.as_str());
    let controls = controls.collect::<BTreeSet<_>>().len();
    let plural = if controls == 1 { "" } else { "s" };
    let parts = STATES.iter().filter_map(|state| {
        let count = all(hosts).filter(|one| one.state == *state).count();
        (count > 0).then(|| format!("{count} {}", word(*state)))
    });
    let rest = match unknown {
        0 => String::new(),
        1 => "; 1 host is not known".to_owned(),
        more => format!("; {more} hosts are not known"),
    };
    format!(
        "{}, {controls} control{plural}: {}{rest}",
        words::hosts(hosts.len()),
        parts.collect::<Vec<_>>().join(" · ")
    )
}

fn all(hosts: &Postures) -> impl Iterator<Item = &Judged> {
    hosts.iter().flat_map(|(_, controls)| controls)
}

fn word(state: Standing) -> &'static str {
    match state {
        Standing::Weakened => "weakened",
        Standing::Expired => "expired",
        Standing::Excepted => "excepted",
        Standing::Unneeded => "unneeded",
        Standing::Inapplicable => "inapplicable",
        Standing::Held => "held",
    }
}

fn tone(state: Standing) -> Tone {
    match state {
        Standing::Weakened | Standing::Expired => Tone::Bad,
        Standing::Excepted | Standing::Unneeded => Tone::Careful,
        Standing::Inapplicable => Tone::Faint,
        Standing::Held => Tone::Good,
    }
}

#[cfg(test)]
mod tests;
