//! `engine = "phoenix"`: what arrives on hosts, and what becomes of it when something is in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::boot::{HOST, begin, deploy, is_untouched, release};
use crate::command::{self, Ran};
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// phoenix with its own engine.
pub(crate) fn engine(lab: &Lab) -> Phoenix {
    let phoenix = Phoenix::new(lab);
    phoenix.settings("[defaults.copy]\nengine = \"phoenix\"\n");
    phoenix
}

/// Of this test alone, so that the host has next to nothing of it.
fn world(test: &str) -> String {
    format!("world = \"{test}{}\"", std::process::id())
}

/// What a store knows of a closure, in the form in which another could be told.
pub(crate) fn dump(system: &str) -> String {
    format!("nix-store --dump-db $(nix-store --query --requisites {system} | sort)")
}

/// Runs a shell command line on the workstation.
#[track_caller]
pub(crate) fn here(script: &str) -> String {
    let mut shell = command::limited(120, "sh");
    let ran = command::run(shell.args(["-c", script])).expect_code(0);
    ran.stdout.trim().to_owned()
}

#[test]
fn a_store_that_was_copied_to_knows_what_the_workstation_knows() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    release(&phoenix, "same", &world("same"));

    let ran = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(0);

    for host in lab.list() {
        assert_eq!(phoenix::outcome(&ran, &host.name), "confirmed");
        let system = lab.running(&host.name);
        assert_eq!(lab.say(&host.name, &dump(&system)), here(&dump(&system)));
        let verify = "nix-store --verify --check-contents 2>&1";
        let said = lab.say(&host.name, verify);
        assert!(
            !said.contains("error") && !said.contains("modified"),
            "{said}"
        );
    }
}

#[test]
fn a_host_that_collects_garbage_all_the_while_gets_everything() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    begin(&phoenix, &lab, "gc-old", "");
    let collect = "systemd-run --quiet --unit lab-gc --property Type=exec \
        sh -c 'while :; do nix-store --gc || exit 1; done'";
    lab.say(HOST, collect);
    for round in 0..5 {
        let test = format!("gc-{round}");
        release(&phoenix, &test, &world(&test));
        let ran = deploy(&phoenix, &[], 0);
        assert_eq!(phoenix::outcome(&ran, HOST), "confirmed", "{}", ran.all());
    }
    lab.say(HOST, "systemctl is-active lab-gc && systemctl stop lab-gc");
}

/// A file of the workstation's store with other bytes, as long as this lives.
struct Damage {
    file: String,
    whole: Vec<u8>,
}

impl Damage {
    fn of(file: String) -> Self {
        let whole = fs::read(&file).expect("the store can be read");
        let mut bytes = whole.clone();
        bytes[0] ^= 1;
        let damage = Self { file, whole };
        damage.write(&bytes);
        damage
    }

    fn write(&self, bytes: &[u8]) {
        let file = Path::new(&self.file);
        let mode = |mode| fs::set_permissions(file, fs::Permissions::from_mode(mode));
        mode(0o644).expect("root may");
        fs::write(file, bytes).expect("root may");
        mode(0o444).expect("root may");
    }
}

impl Drop for Damage {
    fn drop(&mut self) {
        self.write(&self.whole);
    }
}

#[test]
fn a_damaged_path_is_named_and_costs_no_other() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    let old = begin(&phoenix, &lab, "damage-old", "");
    release(&phoenix, "damage-new", "");
    let system = build(&phoenix);
    let find = format!(
        "find $(nix-store --query --requisites {system} | grep -e '-lab-web-page-') -type f | head -n 1"
    );
    let file = here(&find);
    let path = file.split('/').take(4).collect::<Vec<_>>().join("/");
    let damage = Damage::of(file);

    let ran = deploy(&phoenix, &[], 1);

    let problem = phoenix::problem(&ran, HOST);
    assert!(
        problem.contains("paths of this workstation's store are damaged, or cannot be read")
            && problem.contains(&path),
        "{problem}"
    );
    is_untouched(&lab, &old);
    // Nothing of it is registered, and what does not need it is there.
    let valid =
        format!("nix-store --check-validity {path} 2>/dev/null && echo there || echo missing");
    assert_eq!(lab.say(HOST, &valid), "missing");
    drop(damage);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
}

/// What a run tells of its copy to the host.
#[track_caller]
pub(crate) fn copy_stage(ran: &Ran) -> Value {
    let copy = phoenix::events(ran).into_iter().find(|event| {
        event["event"] == "stage-finished" && event["stage"] == "copy" && event["host"] == HOST
    });
    copy.unwrap_or_else(|| panic!("nothing was copied: {}", ran.all()))
}

/// Bytes that went to the host in a run's copy.
#[track_caller]
fn copied(ran: &Ran) -> u64 {
    copied_to(ran, |host| host == HOST)
}

/// Bytes that went to some hosts in a run's copies.
#[track_caller]
fn copied_to(ran: &Ran, some: impl Fn(&Value) -> bool) -> u64 {
    let events = phoenix::events(ran);
    let copies = events.iter().filter(|event| {
        event["event"] == "stage-finished" && event["stage"] == "copy" && some(&event["host"])
    });
    let bytes: u64 = copies.filter_map(|copy| copy["bytes"].as_u64()).sum();
    assert!(bytes > 0, "nothing was copied: {}", ran.all());
    bytes
}

/// Brings the host to a world of its own, so that another is a rebuild of what it runs.
fn settle(phoenix: &Phoenix, lab: &Lab, test: &str) {
    begin(phoenix, lab, &format!("{test}-old"), &world(test));
    release(
        phoenix,
        &format!("{test}-new"),
        &world(&format!("{test}-rebuilt-")),
    );
}

#[test]
fn a_rebuild_costs_a_few_percent_of_what_it_comes_to() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    settle(&phoenix, &lab, "rebuild");
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    let system = lab.running(HOST);
    let size = here(&format!(
        "nix-store --query --size $(nix-store --query --requisites {system}) | jq -s add"
    ));
    let size: u64 = size.parse().expect("a number of bytes");
    let copied = copied(&ran);
    assert!(copied * 30 < size, "{copied} of {size} bytes were sent");
    assert_eq!(lab.say(HOST, &dump(&system)), here(&dump(&system)));
}

#[test]
fn what_is_finished_is_copied_while_the_rest_is_built() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    begin(&phoenix, &lab, "ahead-old", &world("ahead"));
    let more = format!("build_seconds = 12\n{}", world("ahead-rebuilt-"));
    release(&phoenix, "ahead-new", &more);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    let note = copy_stage(&ran)["note"].as_str().map(str::to_owned);
    let note = note.expect("it tells of the paths");
    assert!(note.contains(" while it was built"), "{note}");
    let system = lab.running(HOST);
    assert_eq!(lab.say(HOST, &dump(&system)), here(&dump(&system)));
}

/// A link that is slow, as long as this lives.
pub(crate) struct Slow<'a>(&'a Lab);

impl<'a> Slow<'a> {
    pub(crate) fn to(lab: &'a Lab, rate: &str) -> Self {
        lab.slow(HOST, rate);
        Self(lab)
    }
}

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        self.0.heal(HOST);
    }
}

/// Orders megabytes that no host has anything of, each a path.
pub(crate) fn payload(phoenix: &Phoenix, test: &str, megabytes: u32) {
    let more = format!("extra_mb = {megabytes}\n{}", world(test));
    release(phoenix, test, &more);
}

/// Which paths of the payload of a system the host's store knows.
fn arrived(lab: &Lab, system: &str) -> usize {
    let payload = here(&format!(
        "nix-store --query --requisites {system} | grep -e -lab-payload- | paste -sd' '"
    ));
    let missing = lab.say(
        HOST,
        &format!("nix-store --check-validity --print-invalid {payload}"),
    );
    payload.split(' ').count() - missing.lines().count()
}

/// What a release builds to.
#[track_caller]
pub(crate) fn build(phoenix: &Phoenix) -> String {
    let ran = phoenix.run(&["build", HOST, "--json"]).expect_code(0);
    let events = phoenix::events(&ran);
    let last = events.last().expect("a run has a last event");
    let system = last["hosts"][HOST]["to"].as_str();
    system.expect("it was built").to_owned()
}

#[test]
fn what_arrived_before_phoenix_was_killed_or_the_link_cut_is_not_sent_again() {
    const PATHS: usize = 24;
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    begin(&phoenix, &lab, "resume-old", "");
    payload(&phoenix, "resume-new", PATHS as u32);
    let system = build(&phoenix);
    let copy = ["deploy", HOST, "--yes", "--json", "--until", "copy"];
    // A path takes two thirds of a second.
    let slow = Slow::to(&lab, "12mbit");

    let mut running = phoenix.start(&copy);
    running.wait_for(HOST, "copy");
    let some = |least| {
        while arrived(&lab, &system) < least {
            thread::sleep(Duration::from_millis(50));
        }
    };
    some(4);
    running.kill();
    let first = arrived(&lab, &system);
    assert!(first < PATHS / 2, "{first} arrived too fast for this test");

    let mut running = phoenix.start(&copy);
    running.wait_for(HOST, "copy");
    some(first + 4);
    lab.cut(HOST);
    let ran = running.end();
    assert_eq!(phoenix::outcome(&ran, HOST), "failed");
    let problem = phoenix::problem(&ran, HOST);
    assert!(problem.contains("lost"), "{problem}");
    let second = arrived(&lab, &system);
    assert!(second < PATHS, "the link was cut too late for this test");
    drop(slow);

    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    let rest = (PATHS - second) as u64 * (1 << 20);
    let copied = copied(&ran);
    // The connection that was cut still held the path that was under way, until the agent
    // noticed. With what else is new of the system.
    assert!(copied < rest + (1 << 20), "{copied} bytes for {rest}");
}

/// A file of the host's store with other bytes, as long as this lives.
struct HostDamage<'a>(&'a Lab, String);

impl Drop for HostDamage<'_> {
    fn drop(&mut self) {
        let undo = format!("cp -a /var/lib/damaged {0} && rm /var/lib/damaged", self.1);
        self.0.root(HOST, &undo);
    }
}

#[test]
fn a_host_whose_old_path_is_damaged_gets_the_new_one_as_a_whole() {
    let lab = Lab::ready();
    let phoenix = engine(&lab);
    settle(&phoenix, &lab, "base");
    let system = lab.running(HOST);
    let perl =
        format!("echo $(nix-store --query --requisites {system} | grep -e -perl-5)/lib/perl.so.0");
    let file = lab.say(HOST, &perl);
    let damage = format!(
        "cp -a {file} /var/lib/damaged && chmod u+w {file} && \
         dd if=/dev/urandom of={file} bs=4096 seek=8 count=64 conv=notrunc status=none"
    );
    let undo = HostDamage(&lab, file);
    lab.say(HOST, &damage);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    assert!(copied(&ran) > 400_000, "the path was sent as a whole");
    drop(undo);
    let verify = "nix-store --verify --check-contents 2>&1";
    let said = lab.say(HOST, verify);
    assert!(!said.contains("modified"), "{said}");
}

#[test]
fn copies_are_held_to_the_bandwidth_of_fleet_toml() {
    let lab = Lab::ready();
    for engine in ["nix", "phoenix"] {
        let phoenix = Phoenix::new(&lab);
        phoenix.settings(&format!("[defaults.copy]\nengine = \"{engine}\"\n"));
        payload(&phoenix, &format!("limits-{engine}"), 8);
        phoenix.settings("[fleet.parallel]\nbandwidth = \"8 MB/s\"\n");
        let began = Instant::now();
        let ran = phoenix.run(&["deploy", "--all", "--yes", "--json", "--until", "copy"]);
        let took = began.elapsed().as_secs_f64();
        let bytes = copied_to(&ran.expect_code(0), |_| true) as f64;
        assert!(
            bytes > 8e6 && bytes < took * 8e6 + 8e5,
            "{engine}: {bytes} in {took} s"
        );
    }
}
