//! Copies that are broken off half-way: what is told, what of them stays on
//! the host, and what the next deployment sends.

use std::thread;
use std::time::Duration;

use crate::boot::{HOST, begin, deploy, is_untouched, release};
use crate::copying::{Slow, build, copied, copy_stage, has_a_sound_store, here, lacks, world};
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix, Running};

/// A megabyte each. One takes half a second over the link.
const PATHS: usize = 16;
const LINK: &str = "16mbit";
const MEGABYTE: u64 = 1 << 20;

/// What OpenSSH's server lets be under way on a channel, and what else is on its way: what the
/// kernels have, and what everything costs that is no content.
const UNDER_WAY: u64 = 3 * MEGABYTE;

/// A host that is sent a system which differs from the one that it runs by [`PATHS`] that nothing
/// compresses.
struct Broken<'a> {
    lab: &'a Lab,
    phoenix: Phoenix,
    old: String,
    new: String,
}

impl<'a> Broken<'a> {
    fn before(lab: &'a Lab, test: &str) -> Self {
        let phoenix = Phoenix::new(lab);
        // Of this test alone, so that the host has nothing of it.
        let world = world(test);
        let old = begin(&phoenix, lab, &format!("{test}-old"), &world);
        let more = format!("extra_mb = {PATHS}\n{world}");
        release(&phoenix, &format!("{test}-new"), &more);
        let new = build(&phoenix);
        Self {
            lab,
            phoenix,
            old,
            new,
        }
    }

    /// Starts a deployment, and returns when so many of the paths have arrived.
    fn until(&self, paths: usize) -> Running {
        let all = lacks(self.lab, &self.new).len();
        let args = ["deploy", HOST, "--yes", "--json"];
        let mut running = self.phoenix.start(&args);
        running.wait_for(HOST, "copy");
        while all - lacks(self.lab, &self.new).len() < paths {
            thread::sleep(Duration::from_millis(50));
        }
        running
    }

    /// Returns when nothing on the host receives any more.
    fn settles(&self) {
        let nobody = "! pgrep --full '[p]hoenix-agent receive|[n]ix-daemon --stdio' >/dev/null";
        self.lab.until(HOST, 60, nobody);
    }

    /// Whether the host is as it was, but for paths that arrived whole; says what it lacks.
    #[track_caller]
    fn left(&self) -> Vec<String> {
        self.settles();
        is_untouched(self.lab, &self.old);
        has_a_sound_store(self.lab, HOST);
        let missing = lacks(self.lab, &self.new);
        assert!(
            missing.len() > 1,
            "it was broken off too late for this test"
        );
        missing
    }

    /// Whether the next deployment sends these paths and no others; says how many bytes it sent.
    #[track_caller]
    fn goes_on(&self, missing: &[String]) -> u64 {
        let ran = deploy(&self.phoenix, &[], 0);
        assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
        let (copy, bytes) = (copy_stage(&ran), size(missing));
        assert_eq!(copy["paths"].as_u64(), Some(missing.len() as u64), "{copy}");
        assert_eq!(copy["nar_bytes"].as_u64(), Some(bytes), "{copy}");
        copied(&ran)
    }
}

/// Bytes of paths, as NARs.
#[track_caller]
fn size(paths: &[String]) -> u64 {
    let paths = paths.join(" ");
    let bytes = here(&format!("nix-store --query --size {paths} | jq -s add"));
    bytes.parse().expect("a number of bytes")
}

/// Bytes that came over the host's link so far.
#[track_caller]
fn received(lab: &Lab) -> u64 {
    let bytes = lab.say(HOST, "awk '$1 == \"eth0:\" { print $2 }' /proc/net/dev");
    bytes.parse().expect("a number of bytes")
}

#[test]
fn what_arrived_before_phoenix_was_killed_is_not_sent_again() {
    let lab = Lab::ready();
    let broken = Broken::before(&lab, "killed");
    let all = size(&lacks(&lab, &broken.new));
    let slow = Slow::to(&lab, LINK);
    let before = received(&lab);
    broken.until(PATHS / 2).kill();
    let missing = broken.left();
    let first = received(&lab) - before;
    drop(slow);

    let second = broken.goes_on(&missing);

    let again = (first + second).saturating_sub(all);
    assert!(
        again < UNDER_WAY + MEGABYTE,
        "{again} bytes went twice: {first} and {second} for {all}"
    );
}

#[test]
fn a_link_that_is_cut_is_told_and_what_arrived_is_not_sent_again() {
    let lab = Lab::ready();
    let broken = Broken::before(&lab, "cut");
    let slow = Slow::to(&lab, LINK);
    let running = broken.until(PATHS / 4);
    lab.cut(HOST);
    let ran = running.end();
    assert_eq!(phoenix::outcome(&ran, HOST), "failed");
    let problem = phoenix::problem(&ran, HOST);
    assert!(problem.contains("lost"), "{problem}");
    // Nobody on the host hears of the cut. Its agent notices by itself, or the path that was under
    // way would be held against whoever comes next.
    let missing = broken.left();
    drop(slow);
    broken.goes_on(&missing);
}

/// What is killed on the host, and what of the message names it.
const KILLED: [(&str, &str, &str); 3] = [
    (
        "its daemon",
        "pkill --signal KILL --full '[n]ix-daemon --stdio'",
        "the host's nix-daemon ended: signal: 9 (SIGKILL)",
    ),
    (
        "the agent before it",
        "pkill --signal KILL --full '[p]hoenix-agent receive'",
        "signal KILL ended it",
    ),
    (
        "the session",
        "kill -KILL $(ps -o ppid= $(pgrep --full '[p]hoenix-agent receive'))",
        "lost",
    ),
];

#[test]
fn whoever_is_killed_on_the_host_is_named_and_the_next_deployment_goes_on() {
    let lab = Lab::ready();
    let broken = Broken::before(&lab, "ends");
    for (who, kill, name) in KILLED {
        let slow = Slow::to(&lab, LINK);
        let running = broken.until(3);
        lab.say(HOST, kill);
        let ran = running.end();
        drop(slow);
        assert_eq!(phoenix::outcome(&ran, HOST), "failed", "{who}");
        assert!(ran.all().contains(name), "{who}: {}", ran.all());
        broken.left();
    }
    broken.goes_on(&lacks(&lab, &broken.new));
}
