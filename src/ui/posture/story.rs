//! Everything that is not simply held, in words: the worst first, and what is the same on
//! several hosts once.

use super::{Postures, STATES, tone, word};
use crate::model::{Deviation, Exception, HostName, Judged, Standing};
use crate::ui::paint::{Paint, visible};

/// What a control that is weakened without an exception means.
const NOT_EVALUATED: &str = "no system is made of it: take it back, or write an exception";

/// Hosts that stand the same with controls of which the same is told.
struct Same<'a> {
    hosts: Vec<&'a HostName>,
    /// The first of them; those that follow say the same.
    judged: &'a Judged,
    controls: Vec<&'a str>,
}

pub(super) fn render(hosts: &Postures, all_known: bool, paint: Paint) -> String {
    let told = STATES.iter().filter(|state| **state != Standing::Held);
    let mut text = String::new();
    for same in told.flat_map(|state| fold(hosts, *state)) {
        let state = same.judged.state;
        let head = format!(
            "{}  {}",
            same.controls.join(", "),
            whom(&same.hosts, hosts, all_known)
        );
        let label = paint.tone(tone(state), word(state)).into_owned();
        text.push_str(&format!("{label}  {}\n", visible(&head)));
        for line in lines(same.judged) {
            text.push_str(&format!("    {}\n", visible(&line)));
        }
    }
    text
}

/// The names of the hosts; all of a larger fleet need none.
fn whom(hosts: &[&HostName], fleet: &Postures, all_known: bool) -> String {
    if all_known && hosts.len() > 3 && hosts.len() == fleet.len() {
        return format!("all {} hosts", hosts.len());
    }
    let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
    names.join(" ")
}

/// What is in one state: equal controls of several hosts are one, and so are controls that say
/// nothing about the same hosts for the same reason.
fn fold(hosts: &Postures, state: Standing) -> Vec<Same<'_>> {
    let mut folded: Vec<Same<'_>> = Vec::new();
    for (host, controls) in hosts {
        for judged in controls.iter().filter(|one| one.state == state) {
            match folded.iter_mut().find(|same| same.judged == judged) {
                Some(same) => same.hosts.push(host),
                None => folded.push(Same {
                    hosts: vec![host],
                    judged,
                    controls: vec![&judged.control],
                }),
            }
        }
    }
    if state != Standing::Inapplicable {
        return folded;
    }
    let mut joined: Vec<Same<'_>> = Vec::new();
    for same in folded {
        let is_alike = |other: &&mut Same<'_>| {
            other.hosts == same.hosts && other.judged.why == same.judged.why
        };
        match joined.iter_mut().find(is_alike) {
            Some(other) => other.controls.extend(same.controls),
            None => joined.push(same),
        }
    }
    joined
}

/// What there is to say, line by line.
fn lines(judged: &Judged) -> Vec<String> {
    let mut lines: Vec<String> = judged.why.iter().cloned().collect();
    let reason = judged.exception.iter().flat_map(|exception| {
        let reason = format!("because {}", exception.reason);
        let place = exception.file.iter();
        let place = place.map(|place| format!("written in {place}"));
        [reason, times(judged, exception)].into_iter().chain(place)
    });
    if judged.state != Standing::Inapplicable {
        lines.extend(judged.findings.iter().flat_map(difference));
        lines.extend(reason);
    }
    match judged.state {
        Standing::Weakened => lines.push(NOT_EVALUATED.to_owned()),
        Standing::Unneeded => lines.push("nothing differs: the exception can go".to_owned()),
        _ => {}
    }
    lines
}

/// What an option is and should be, and where it was set.
fn difference(one: &Deviation) -> impl Iterator<Item = String> {
    let told = format!("{} is {}, expected {}", one.option, one.found, one.expected);
    let places = (!one.files.is_empty()).then(|| format!("set in {}", one.files.join(", ")));
    std::iter::once(told).chain(places)
}

/// `until 2027-03-01, 94 days left; since 2026-11-01, 26 days`.
fn times(judged: &Judged, exception: &Exception) -> String {
    let left = match judged.days_left.unwrap_or_default() {
        0 => "its last day is today".to_owned(),
        left @ 1.. => format!("{} left", days(left)),
        past => format!("ran out {} ago", days(-past)),
    };
    let age = match (exception.since, judged.age_days) {
        (Some(since), Some(0)) => format!("since {since}, today"),
        (Some(since), Some(age)) => format!("since {since}, {}", days(age)),
        _ => "its age is not known".to_owned(),
    };
    format!("until {}, {left}; {age}", exception.expires)
}

fn days(count: i64) -> String {
    match count {
        1 => "1 day".to_owned(),
        count => format!("{count} days"),
    }
}
