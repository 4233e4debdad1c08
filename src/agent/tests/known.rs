//! Which systems a host remembers as phoenix's own.

use std::fs;

use super::fake::{Fake, system};
use super::{SOON, begin_quietly, guarded};
use crate::agent::lock::{self, Ticket};
use crate::agent::{facts, known};
use crate::model::{Facts, HostName, Order, Origin};
use crate::wire::agent::Reply;

fn name(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

fn deployed(host: &HostName) -> Origin {
    Origin::Deployed { host: host.clone() }
}

fn facts(fake: &Fake) -> Facts {
    facts::facts(fake.cx(), std::path::Path::new("/none"))
}

/// Deploys a system and has it kept.
fn keep(fake: &Fake, order: &Order) {
    fake.decide_after(SOON, &order.run, true);
    guarded(fake, order);
}

fn adopt(fake: &Fake, host: &str, letter: char) -> Result<(), String> {
    let adopted = known::adopt(
        fake.cx(),
        name(host),
        "ann@desk".to_owned(),
        &system(letter),
    );
    adopted.map_err(|problem| problem.in_one_line())
}

#[test]
fn only_what_was_committed_is_known() {
    let fake = Fake::new();
    assert_eq!(facts(&fake).origin, Origin::Unknown);
    assert_eq!(facts(&fake).deployed_as, None);
    guarded(&fake, &fake.order('b', 1));
    assert_eq!(facts(&fake).deployed_as, None);
    let order = fake.order('b', 2);
    keep(&fake, &order);
    assert_eq!(facts(&fake).origin, deployed(&order.host));
    assert_eq!(facts(&fake).deployed_as, Some(order.host));
}

#[test]
fn a_system_whose_boot_entry_failed_is_known() {
    let fake = Fake::new();
    fake.break_boot();
    let order = fake.order('b', 1);
    keep(&fake, &order);
    assert_eq!(facts(&fake).origin, deployed(&order.host));
}

#[test]
fn what_is_known_outlives_the_runs() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    keep(&fake, &order);
    fs::remove_dir_all(fake.paths.runs()).unwrap();
    assert_eq!(facts(&fake).origin, deployed(&order.host));
    // The next run is counted from one again, as the first was.
    let next = fake.order('c', 2);
    keep(&fake, &next);
    assert_eq!(facts(&fake).origin, deployed(&next.host));
}

#[test]
fn what_was_not_written_is_read_from_the_runs() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    keep(&fake, &order);
    for damage in [None, Some("{")] {
        fs::remove_file(fake.paths.known()).unwrap();
        if let Some(text) = damage {
            fs::write(fake.paths.known(), text).unwrap();
        }
        assert_eq!(facts(&fake).origin, deployed(&order.host), "{damage:?}");
        known::remember(fake.cx());
    }
}

#[test]
fn a_foreign_system_is_unknown_until_it_is_adopted() {
    let fake = Fake::new();
    let host = name("web9");
    adopt(&fake, "web9", 'a').unwrap();
    assert_eq!(facts(&fake).origin, Origin::Adopted { host: host.clone() });
    assert_eq!(facts(&fake).deployed_as, Some(host));
    keep(&fake, &fake.order('b', 1));
    fake.boot("boot-2", 'c');
    assert_eq!(facts(&fake).origin, Origin::Unknown);
    // Going back to a system that was adopted brings one that is known.
    fake.boot("boot-3", 'a');
    assert!(matches!(facts(&fake).origin, Origin::Adopted { .. }));
}

#[test]
fn only_what_was_shown_is_adopted_and_nothing_beside_a_run() {
    let fake = Fake::new();
    let moved = adopt(&fake, "web9", 'b').unwrap_err();
    assert!(moved.contains("no longer runs bbbbbbbb"), "{moved}");
    let ticket = Ticket {
        run: fake.order('b', 9).run,
        who: "ann@laptop".to_owned(),
        from: None,
        since: 1_799_999_988,
        uptime: SOON,
    };
    let _lock = lock::take(fake.cx(), &ticket, SOON).unwrap();
    let busy = adopt(&fake, "web9", 'a').unwrap_err();
    assert!(busy.contains("ann@laptop"), "{busy}");
    assert!(!fake.paths.known().exists());
}

#[test]
fn what_phoenix_deployed_stays_deployed_when_the_host_is_adopted_again() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    keep(&fake, &order);
    adopt(&fake, order.host.as_str(), 'b').unwrap();
    assert_eq!(facts(&fake).origin, deployed(&order.host));
}

#[test]
fn an_adoption_is_newer_than_the_runs_before_it() {
    let fake = Fake::new();
    let order = fake.order('b', 1);
    keep(&fake, &order);
    adopt(&fake, "web9", 'b').unwrap();
    assert_eq!(facts(&fake).deployed_as, Some(name("web9")));
    assert!(!matches!(
        begin_quietly(&fake, &fake.order('d', 2)),
        Reply::Ended { .. }
    ));
    assert_eq!(facts(&fake).deployed_as, Some(name("web9")));
}
