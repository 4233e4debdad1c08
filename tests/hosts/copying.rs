//! Copies: what arrives on hosts, and what becomes of it when something is in the way.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::boot::{HOST, begin, deploy, is_untouched, release};
use crate::command::{self, Ran};
use crate::lab::Lab;
use crate::matrix;
use crate::phoenix::{self, Phoenix};

/// phoenix with an engine that may not be the default one.
pub(crate) fn with_engine(lab: &Lab, engine: &str) -> Phoenix {
    let phoenix = Phoenix::new(lab);
    phoenix.settings(&format!("[defaults.copy]\nengine = \"{engine}\"\n"));
    phoenix
}

/// Of this test alone, so that the host has next to nothing of it.
pub(crate) fn world(test: &str) -> String {
    format!("world = \"{test}{}\"", std::process::id())
}

/// What a store knows of a closure, in the form in which another could be told.
pub(crate) fn dump(system: &str) -> String {
    format!("nix-store --dump-db $(nix-store --query --requisites {system} | sort)")
}

/// The paths of a system that a host's store does not know.
pub(crate) fn lacks(lab: &Lab, system: &str) -> Vec<String> {
    let closure = here(&format!(
        "nix-store --query --requisites {system} | paste -sd' '"
    ));
    let missing = format!("nix-store --check-validity --print-invalid {closure}");
    lab.say(HOST, &missing).lines().map(str::to_owned).collect()
}

/// Whether all that a host's store knows is there, byte by byte.
#[track_caller]
pub(crate) fn has_a_sound_store(lab: &Lab, host: &str) {
    let said = lab.say(host, "nix-store --verify --check-contents 2>&1");
    let is_wrong = |word: &&str| said.contains(*word);
    let wrong = ["error", "modified", "disappeared", "missing"];
    assert_eq!(wrong.iter().find(|word| is_wrong(word)), None, "{said}");
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
    let phoenix = Phoenix::new(&lab);
    release(&phoenix, "same", &world("same"));

    let ran = phoenix
        .run(&["deploy", "--all", "--yes", "--json"])
        .expect_code(0);

    for host in lab.list() {
        assert_eq!(phoenix::outcome(&ran, &host.name), "confirmed");
        let system = lab.running(&host.name);
        assert_eq!(lab.say(&host.name, &dump(&system)), here(&dump(&system)));
        has_a_sound_store(&lab, &host.name);
    }
}

/// A host that collects garbage again and again, as long as this lives.
struct Collecting<'a>(&'a Lab);

impl<'a> Collecting<'a> {
    fn on(lab: &'a Lab) -> Self {
        let collect = "echo 0 >/run/lab-gc; systemd-run --quiet --unit lab-gc --property Type=exec sh -c \
            'n=0; while nix-store --gc; do n=$((n + 1)); echo $n >/run/lab-gc.new; mv /run/lab-gc.new /run/lab-gc; done'";
        lab.say(HOST, collect);
        Self(lab)
    }

    /// How often it has done so.
    #[track_caller]
    fn times(&self) -> u32 {
        let times = self.0.say(
            HOST,
            "systemctl --quiet is-active lab-gc && cat /run/lab-gc",
        );
        times.parse().expect("a number")
    }
}

impl Drop for Collecting<'_> {
    fn drop(&mut self) {
        self.0.root(HOST, "systemctl stop lab-gc");
    }
}

/// `PHOENIX_GC_RUNS` says how often, where that shall be more often than every check can wait for.
#[test]
fn a_host_that_collects_garbage_all_the_while_gets_everything() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let runs = matrix::variable("PHOENIX_GC_RUNS");
    let runs = runs.map_or(3, |runs| runs.parse().expect("a number"));
    begin(&phoenix, &lab, "gc-old", "");
    let collecting = Collecting::on(&lab);
    for run in 0..runs {
        let test = format!("gc-{run}");
        // Every other one takes its time between the copy and the end.
        let slow = [
            "variant = \"slow-activation\"\nactivation_seconds = 2\n",
            "",
        ][run % 2];
        release(&phoenix, &test, &format!("{slow}{}", world(&test)));
        let before = collecting.times();
        let ran = deploy(&phoenix, &[], 0);
        assert_eq!(phoenix::outcome(&ran, HOST), "confirmed", "{}", ran.all());
        let times = collecting.times() - before;
        assert!(times > 0, "run {run} saw no garbage collected");
        let lost = lacks(&lab, &lab.running(HOST));
        assert!(lost.is_empty(), "run {run} lost {lost:?}");
    }
    drop(collecting);
    has_a_sound_store(&lab, HOST);
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
    let phoenix = Phoenix::new(&lab);
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
    // Nothing of it is registered, nor of what needs it; and all else of the system is there.
    let missing = lacks(&lab, &system);
    assert!(missing.contains(&path), "{missing:?}");
    let needs = here(&format!("nix-store --query --referrers-closure {path}"));
    for other in missing {
        assert!(
            needs.lines().any(|need| need == other),
            "{other} is not there"
        );
    }
    has_a_sound_store(&lab, HOST);
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
pub(crate) fn copied(ran: &Ran) -> u64 {
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
    let phoenix = Phoenix::new(&lab);
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
    let phoenix = Phoenix::new(&lab);
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

/// What a release builds to.
#[track_caller]
pub(crate) fn build(phoenix: &Phoenix) -> String {
    let ran = phoenix.run(&["build", HOST, "--json"]).expect_code(0);
    let events = phoenix::events(&ran);
    let last = events.last().expect("a run has a last event");
    let system = last["hosts"][HOST]["to"].as_str();
    system.expect("it was built").to_owned()
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
    let phoenix = Phoenix::new(&lab);
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
    has_a_sound_store(&lab, HOST);
}

#[test]
fn copies_are_held_to_the_bandwidth_of_fleet_toml() {
    let lab = Lab::ready();
    for engine in ["nix", "phoenix"] {
        let phoenix = with_engine(&lab, engine);
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
