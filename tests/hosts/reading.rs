//! Commands that change nothing: list, check, status.

use std::fs;

use crate::lab::Lab;
use crate::phoenix::Phoenix;

#[test]
fn list_shows_every_host_of_the_fleet() {
    let lab = Lab::ready();
    let ran = Phoenix::new(&lab).run(&["list"]).expect_code(0);
    for host in lab.list() {
        let line = ran.stdout.lines().find(|line| line.contains(&host.name));
        assert!(line.is_some(), "{} is not listed\n{}", host.name, ran.all());
    }
}

#[test]
fn check_and_status_reach_every_host_and_change_nothing() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let state = |name: &str| (lab.running(name), lab.boots(name));
    let before: Vec<_> = lab.list().iter().map(|host| state(&host.name)).collect();

    let checked = phoenix.run(&["check"]).expect_code(0);
    assert!(checked.stdout.contains("no errors"), "{}", checked.all());
    let asked = phoenix.run(&["status"]).expect_code(0);
    for host in lab.list() {
        assert!(asked.stdout.contains(&host.name), "{}", asked.all());
    }

    let after: Vec<_> = lab.list().iter().map(|host| state(&host.name)).collect();
    assert_eq!(before, after);
}

#[test]
fn status_tells_a_host_that_cannot_be_reached_from_the_others() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    lab.cut("web2");
    let ran = phoenix.run(&["status"]);
    lab.heal("web2");
    let line = |name: &str| ran.stdout.lines().find(|line| line.contains(name));
    assert!(
        line("web1").is_some() && line("web2").is_some(),
        "{}",
        ran.all()
    );
    let running = lab.running("web1");
    let shown = running.trim_start_matches("/nix/store/").get(..8);
    assert!(
        ran.stdout.contains(shown.unwrap_or(&running)),
        "{}",
        ran.all()
    );
}

#[test]
fn a_fleet_file_with_a_mistake_is_refused_with_its_line() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let path = phoenix.fleet().join("fleet.toml");
    let text = fs::read_to_string(&path).expect("the lab wrote it");
    let lines = text.lines().count();
    fs::write(&path, text + "adresses = [\"web9\"]\n").expect("the folder is ours");
    let ran = phoenix.run(&["check"]).expect_code(3);
    assert!(ran.stderr.contains("adresses"), "{}", ran.all());
    assert!(
        ran.stderr.contains(&(lines + 1).to_string()),
        "{}",
        ran.all()
    );
}
