//! File systems without room: what a host refuses before anything is armed, and a copy that fills
//! the store. A file system that small is mounted over the host's own, and taken away at the end.

use crate::boot::{HOST, begin, deploy, is_untouched, refuses, release};
use crate::copying;
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// Takes a test's file system away again, also when the test fails.
struct Undo<'a>(&'a Lab, &'static str);

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        self.0.root(HOST, self.1);
    }
}

#[test]
fn a_boot_partition_without_room_is_refused_and_stays_as_it_is() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(&phoenix, &lab, "full-old", "");
    // Of this test alone: a kernel that another generation has needs no room.
    let kernel = format!("kernel = \"6.18.{}\"", std::process::id());
    // A boot partition of its own, with what is on it now and four mebibytes free.
    let mount = "set -e; used=$(du -sk /boot | cut -f1); cp -a /boot /tmp/boot; \
        mount -t tmpfs -o size=$((used + 4096))k tmpfs /boot; cp -a /tmp/boot/. /boot/; rm -r /tmp/boot";
    lab.say(HOST, mount);
    release(&phoenix, "full-new", &kernel);
    let undo = Undo(&lab, "umount /boot");
    refuses(&phoenix, &lab, &[], "/boot has");
    // The kernel is there already, so that this release needs no room.
    release(&phoenix, "full-small", "");
    assert_eq!(
        phoenix::outcome(&deploy(&phoenix, &[], 0), HOST),
        "confirmed"
    );
    drop(undo);
    // The disk below still says the old one.
    assert_eq!(lab.boots(HOST), old);
    release(&phoenix, "full-end", &kernel);
    let ran = deploy(&phoenix, &[], 0);
    assert!(ran.all().contains("a reboot is needed"), "{}", ran.all());
}

/// Has the host's store write to a file system of so many mebibytes.
fn small_store<'a>(lab: &'a Lab, mebibytes: u32) -> Undo<'a> {
    // A daemon sees the store that was there when it started, so none outlives a change of it.
    // What arrived in the small one is gone with it: the database forgets that too.
    let undo = "systemctl stop nix-daemon.socket nix-daemon.service; umount --lazy /nix/store; \
        umount --lazy /run/small; nix-store --verify; systemctl start nix-daemon.socket";
    let undo = Undo(lab, undo);
    let mount = format!(
        "set -e; systemctl stop nix-daemon.socket nix-daemon.service; \
         mkdir -p /run/small; mount -t tmpfs -o size={mebibytes}m tmpfs /run/small; \
         mkdir /run/small/up /run/small/work; mount -t overlay \
         -o lowerdir=/nix/store,upperdir=/run/small/up,workdir=/run/small/work overlay /nix/store; \
         systemctl start nix-daemon.socket"
    );
    lab.say(HOST, &mount);
    undo
}

#[test]
fn a_copy_that_fills_the_store_is_told_as_that_and_arms_nothing() {
    let lab = Lab::ready();
    for name in ["nix", "phoenix"] {
        let phoenix = copying::with_engine(&lab, name);
        let old = begin(&phoenix, &lab, &format!("store-old-{name}"), "");
        // Of this test alone, or the host would have most of it from an earlier one.
        let world = format!("world = \"room-{name}{}\"", std::process::id());
        release(&phoenix, &format!("store-new-{name}"), &world);
        let undo = small_store(&lab, 24);
        let why = "the host has no space left for its store";
        refuses(&phoenix, &lab, &[], why);
        drop(undo);
        is_untouched(&lab, &old);
        let ran = deploy(&phoenix, &[], 0);
        assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    }
}

#[test]
fn a_store_without_room_for_a_generation_is_refused() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    begin(&phoenix, &lab, "links-old", "");
    release(&phoenix, "links-new", "");
    deploy(&phoenix, &["--until", "copy"], 0);
    let undo = small_store(&lab, 2);
    refuses(
        &phoenix,
        &lab,
        &[],
        "the links of a generation need 4.0 MiB",
    );
    drop(undo);
    assert_eq!(
        phoenix::outcome(&deploy(&phoenix, &[], 0), HOST),
        "confirmed"
    );
}

#[test]
fn a_state_folder_without_room_is_refused() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    begin(&phoenix, &lab, "state-old", "");
    release(&phoenix, "state-new", "");
    let undo = Undo(&lab, "umount --lazy /var/lib/phoenix");
    // With the agents and runs that are there, and four mebibytes free.
    let mount = "set -e; used=$(du -sk /var/lib/phoenix | cut -f1); cp -a /var/lib/phoenix /tmp/state; \
        mount -t tmpfs -o mode=700,size=$((used + 4096))k tmpfs /var/lib/phoenix; \
        cp -a /tmp/state/. /var/lib/phoenix/; rm -r /tmp/state";
    lab.say(HOST, mount);
    refuses(&phoenix, &lab, &[], "the files of a run need 8.0 MiB");
    drop(undo);
    assert_eq!(
        phoenix::outcome(&deploy(&phoenix, &[], 0), HOST),
        "confirmed"
    );
}

#[test]
fn an_agent_that_finds_no_room_is_told_as_that() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    for options in ["size=512k", "ro"] {
        let undo = Undo(&lab, "umount --lazy /var/lib/phoenix");
        lab.say(
            HOST,
            &format!("mount -t tmpfs -o mode=700,{options} tmpfs /var/lib/phoenix"),
        );
        let ran = phoenix.run(&["status", HOST]).expect_code(1);
        drop(undo);
        for words in [
            "could not put the agent on the host",
            "is /var full or read-only on the host?",
        ] {
            assert!(ran.stderr.contains(words), "{options}: {}", ran.all());
        }
    }
    phoenix.run(&["status", HOST]).expect_code(0);
}
