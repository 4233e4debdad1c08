//! A plan as it is shown before it is confirmed.

use super::paint::{Paint, Tone, clean};
use super::table::{Cell, Table};
use super::words;
use crate::event::HostPlanned;
use crate::model::HostName;

/// What a plan says of a host that is activated.
const ACTIVATE: &str = "activate";
/// What a plan says of a host that runs what it shall run.
pub(super) const NOTHING: &str = "nothing";

/// Hosts of which a plan says the same.
struct Same<'a> {
    hosts: Vec<&'a HostName>,
    action: &'a str,
    change: String,
}

/// The plan as a table, activations first, and a line that counts. Hosts of which it says
/// the same share a row.
#[must_use]
pub fn render(hosts: &[HostPlanned], width: Option<usize>, paint: Paint) -> String {
    let mut table = Table::new(&["host", "action", "from → to"]);
    for same in fold(hosts) {
        let (tone, action) = match same.action {
            ACTIVATE => (Tone::Good, ACTIVATE.to_owned()),
            NOTHING => (Tone::Faint, "up to date".to_owned()),
            other => (Tone::Careful, clean(other)),
        };
        table.row([
            whom(&same.hosts).into(),
            Cell::toned(tone, action),
            same.change.into(),
        ]);
    }
    let counts = paint.tone(Tone::Strong, count(hosts));
    if table.is_empty() {
        return format!("{counts}\n");
    }
    format!("{}{counts}\n", table.render(width, paint))
}

/// The names, with the count in front where it could be cut off.
fn whom(hosts: &[&HostName]) -> String {
    if hosts.len() <= 3 {
        return words::names(hosts);
    }
    let names: Vec<_> = hosts.iter().map(|host| host.as_str()).collect();
    format!("{}: {}", words::hosts(hosts.len()), names.join(", "))
}

fn fold(hosts: &[HostPlanned]) -> Vec<Same<'_>> {
    let mut folded: Vec<Same<'_>> = Vec::new();
    for planned in hosts {
        let change = match planned.action.as_str() {
            NOTHING => String::new(),
            _ => words::change(&planned.host, planned.from.as_ref(), planned.to.as_ref()),
        };
        let same = folded
            .iter_mut()
            .find(|same| same.action == planned.action && same.change == change);
        match same {
            Some(same) => same.hosts.push(&planned.host),
            None => folded.push(Same {
                hosts: vec![&planned.host],
                action: &planned.action,
                change,
            }),
        }
    }
    folded.sort_by_key(|same| match same.action {
        ACTIVATE => 0,
        NOTHING => 2,
        _ => 1,
    });
    folded
}

fn count(hosts: &[HostPlanned]) -> String {
    let nothing = hosts.iter().filter(|host| host.action == NOTHING).count();
    let activate = format!("{} to activate", words::hosts(hosts.len() - nothing));
    if nothing == 0 {
        activate
    } else {
        format!("{activate} · {nothing} up to date")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample::planned;

    fn check(hosts: &[HostPlanned], expected: &str) {
        let found = render(hosts, Some(80), Paint::OFF);
        assert_eq!(found, expected, "\n{found}");
    }

    #[test]
    fn equal_rows_are_folded_and_activations_come_first() {
        check(
            &[
                planned("db1", "nothing"),
                planned("web1", "activate"),
                planned("db2", "nothing"),
                planned("app1", "back to generation 4"),
                planned("web2", "activate"),
            ],
            "\
host           action                from → to
web1 and web2  activate              0pqyvyw2-24.05 → k3j2a91b-24.11
app1           back to generation 4  0pqyvyw2-24.05 → k3j2a91b-24.11
db1 and db2    up to date
3 hosts to activate · 2 up to date
",
        );
    }

    #[test]
    fn of_many_names_the_count_is_never_cut() {
        let names: Vec<_> = (100..140).map(|number| format!("host-{number}")).collect();
        let hosts: Vec<_> = names.iter().map(|name| planned(name, "nothing")).collect();
        check(
            &hosts,
            "\
host                                                       action      from → to
40 hosts: host-100, host-101, host-102, host-103, host-1…  up to date
0 hosts to activate · 40 up to date
",
        );
    }

    #[test]
    fn an_empty_plan_says_so() {
        check(&[], "0 hosts to activate\n");
    }
}
