//! What can be learned and mended after something went wrong.

use serde_json::Value;

use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// Orders a release.
fn release(phoenix: &Phoenix, version: &str, more: &str) {
    phoenix.release(&format!(
        "[default]\nversion = \"{version}.{}\"\n{more}",
        std::process::id()
    ));
}

/// Deploys to one host and kills phoenix while the host activates; gives the run's name, as
/// `show` without a run lists it.
fn killed(lab: &Lab, phoenix: &Phoenix, host: &str) -> String {
    phoenix.limits("60s", "5s");
    let slow = "variant = \"slow-activation\"\nactivation_seconds = 5\n";
    release(phoenix, "killed", slow);
    let mut run = phoenix.start(&["deploy", host, "--yes", "--json"]);
    run.wait_for(host, "activate");
    lab.until(host, 60, "grep -q killed /etc/phoenix-lab-release");
    run.kill();
    let listed = phoenix.run(&["show", "--json"]).expect_code(0);
    let newest = phoenix::events(&listed).remove(0);
    assert_eq!(newest["ended"]["unknown"], 1, "{newest}");
    newest["run"].as_str().expect("it has a name").to_owned()
}

/// The one object that `show RUN --json` writes.
fn shown(phoenix: &Phoenix, args: &[&str]) -> Value {
    let args = [&["show", "--json"], args].concat();
    phoenix::events(&phoenix.run(&args).expect_code(0)).remove(0)
}

#[test]
fn status_tells_once_what_became_of_a_run_whose_controller_died() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let before = lab.running("web1");
    let run = killed(&lab, &phoenix, "web1");

    let open = phoenix.run(&["status", "web1"]).expect_code(0);
    assert!(
        open.stderr.contains("has not ended it yet"),
        "{}",
        open.all()
    );
    lab.until(
        "web1",
        60,
        "! systemctl is-active 'phoenix-run-*' >/dev/null",
    );
    assert_eq!(lab.running("web1"), before);

    let told = phoenix.run(&["status", "web1"]).expect_code(0);
    let sentence =
        format!("run {run}: web1 rolled back because nobody confirmed the new system within 5 s");
    assert!(told.stderr.contains(&sentence), "{}", told.all());
    let again = phoenix.run(&["status", "web1"]).expect_code(0);
    assert!(!again.stderr.contains(&run), "{}", again.all());

    // Recorded, so that the story is whole without the host.
    lab.cut("web1");
    let story = phoenix.run(&["show", &run]);
    lab.heal("web1");
    assert!(
        story
            .stdout
            .contains("asked later: web1 rolled back because"),
        "{}",
        story.all()
    );
    assert_eq!(story.code, 0);
}

#[test]
fn any_workstation_can_tell_the_story_of_a_run() {
    let lab = Lab::ready();
    let (ada, bob) = (Phoenix::of(&lab, "ada"), Phoenix::of(&lab, "bob"));
    let run = killed(&lab, &ada, "web2");
    lab.until(
        "web2",
        60,
        "! systemctl is-active 'phoenix-run-*' >/dev/null",
    );

    // The journal has no verdict, so the host is asked without being named.
    let mine = shown(&ada, &[&run]);
    // Another workstation knows nothing of it but the host's name.
    bob.run(&["show", &run]).expect_code(2);
    let theirs = shown(&bob, &[&run, "web2"]);
    let last = shown(&bob, &["last", "web2"]);

    for story in [
        &mine["stories"][0],
        &theirs["stories"][0],
        &last["stories"][0],
    ] {
        is_whole(&story["story"], &run);
    }
    assert_eq!(theirs["events"], Value::Array(Vec::new()));
    let text = bob.run(&["show", &run, "web2"]).expect_code(0).stdout;
    assert!(
        text.contains("decided to go back: nobody confirmed"),
        "{text}"
    );

    let unknown = bob
        .run(&["show", "19990101-000000-abcdef", "web2"])
        .expect_code(1);
    assert!(
        unknown.stderr.contains("it has no record of run"),
        "{}",
        unknown.all()
    );
    assert!(unknown.stderr.contains(&run), "{}", unknown.all());
}

/// A story of a run that nobody confirmed.
#[track_caller]
fn is_whole(story: &Value, run: &str) {
    assert_eq!(story["summary"]["run"], run);
    assert_eq!(story["summary"]["state"], "rolled-back");
    let steps = story["steps"].as_array().expect("it is a list");
    let states: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["state"].as_str())
        .collect();
    let expected = [
        "prepared",
        "armed",
        "activating",
        "probing",
        "rolling-back",
        "rolled-back",
    ];
    assert_eq!(states, expected);
    assert_eq!(story["decision"]["keep"], false);
    assert_eq!(story["logs"][0]["side"], "new");
    let log = story["logs"][0]["lines"].to_string();
    assert!(log.contains("activating the configuration"), "{log}");
    let journal = story["journal"].to_string();
    assert!(journal.contains(&format!("phoenix-run-{run}")), "{journal}");
}

#[test]
fn a_rollback_needs_no_nix_and_one_that_fails_ends_where_it_was() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    // Its `test` works once since boot: going back to it fails.
    release(&phoenix, "flawed", "variant = \"second-test-fails\"\n");
    phoenix.run(&["deploy", "web1", "--yes"]).expect_code(0);
    let flawed = lab.running("web1");
    release(&phoenix, "sound", "");
    phoenix.run(&["deploy", "web1", "--yes"]).expect_code(0);
    let sound = lab.running("web1");

    let listed = phoenix.run_without_programs(&["status", "web1", "--generations"]);
    let listed = listed.expect_code(0).stdout;
    let line = |system: &str| {
        let hash = system
            .trim_start_matches("/nix/store/")
            .get(..8)
            .unwrap_or_default();
        let mut lines = listed.lines().rev();
        lines
            .find(|line| line.contains(hash))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(line(&sound).contains("current, runs"), "{listed}");
    let number = line(&flawed).split_whitespace().next().map(str::to_owned);
    let number = number.unwrap_or_else(|| panic!("the generation is not listed: {listed}"));

    let args = ["rollback", "web1", "--to", &number, "--yes", "--json"];
    let ran = phoenix.run_without_programs(&args).expect_code(1);
    assert_eq!(
        phoenix::outcome(&ran, "web1"),
        "rolled-back",
        "{}",
        ran.all()
    );
    assert_eq!(
        (lab.running("web1"), lab.boots("web1")),
        (sound.clone(), sound.clone())
    );

    // Once more it works: the release fails once.
    let ran = phoenix.run_without_programs(&args).expect_code(0);
    assert_eq!(phoenix::outcome(&ran, "web1"), "confirmed");
    assert_eq!(
        (lab.running("web1"), lab.boots("web1")),
        (flawed.clone(), flawed)
    );
    phoenix
        .run_without_programs(&["deploy", "web1", "--yes"])
        .expect_code(4);
}
