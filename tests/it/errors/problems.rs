//! What a plan finds wrong with a host.

use phoenix::model::{Facts, Generation, HostName, Problem, StorePath, Toplevel};
use phoenix::plan;

use super::page::{Entry, Section};

fn toplevel() -> Toplevel {
    let path = "/nix/store/0pqyvyw21p553pf74czgvqks0vjaqp0l-nixos-system-web1-24.05";
    Toplevel(StorePath::new(path).expect("it is a store path"))
}

fn generation(number: u64) -> Generation {
    Generation {
        number,
        toplevel: toplevel(),
    }
}

pub(super) fn sections() -> Vec<Section> {
    let host = HostName::new("web1").expect("it is a name");
    let blank = Facts::blank("x86_64-linux");
    let mut running = blank.clone();
    running.running = Some(toplevel());
    running.generations = vec![generation(41), generation(42)];
    running.profile = Some(generation(41));
    let wrong = |planned: Result<plan::HostPlan, Problem>| planned.expect_err("it cannot be done");
    let deploy = |facts: &Facts, system| wrong(plan::deploy(&host, facts, &toplevel(), system));
    let rollback = |facts: &Facts, to| wrong(plan::rollback(&host, facts, to));
    let mut section = Section::new(
        "Plans",
        "Nothing was changed on the host, and the other hosts go on.",
    )
    .and(Entry::host(
        "Another kind of machine",
        deploy(&running, "aarch64-linux"),
    ))
    .and(Entry::host(
        "Nothing to come back to",
        deploy(&blank, "x86_64-linux"),
    ));
    for to in [Some(7), None] {
        section = section.and(Entry::host("No such generation", rollback(&running, to)));
    }
    vec![section]
}
