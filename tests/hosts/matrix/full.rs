//! The cells in which a file system of the host has no space left.
//!
//! Each file system becomes a small one of its own for as long as the host is on: a power cut takes it away.

use super::cell::{Cell, Expect, Fault, Release, Side, WORKING};

/// /nix becomes an overlay with room for SIZE, and for so many files.
macro_rules! small_store {
    ($size:literal, $files:literal) => {
        concat!(
            "systemctl stop nix-daemon.service && mkdir -p /run/small && mount -t tmpfs -o size=",
            $size,
            ",nr_inodes=",
            $files,
            " tmpfs /run/small && mkdir /run/small/upper /run/small/work && mount -t overlay \
             -o lowerdir=/nix,upperdir=/run/small/upper,workdir=/run/small/work overlay /nix"
        )
    };
}

/// A folder becomes a file system of SIZE with what is in it.
macro_rules! small {
    ($folder:literal, $size:literal) => {
        concat!(
            "mkdir -p /run/small && mount -t tmpfs -o size=",
            $size,
            ",mode=700 tmpfs /run/small && cp -a ",
            $folder,
            "/. /run/small/ && mount --bind /run/small ",
            $folder
        )
    };
}

/// Writes until a folder's file system, which is a small one, has no space left. Never the
/// disk of whoever runs the tests.
macro_rules! fill {
    ($folder:literal) => {
        concat!(
            "mountpoint -q ",
            $folder,
            " && ! head -c 256M /dev/zero >",
            $folder,
            "/full 2>/dev/null"
        )
    };
}

/// The same, filled.
macro_rules! full {
    ($folder:literal, $size:literal) => {
        concat!(small!($folder, $size), " && ", fill!($folder))
    };
}

/// Neither bytes nor files are left.
const FILL_STORE: &str = concat!(
    fill!("/nix"),
    " && n=0; while mountpoint -q /nix && touch /nix/full-$n 2>/dev/null; do n=$((n + 1)); done"
);

/// All of them, in the order of the document.
pub(super) fn cells() -> Vec<Cell> {
    let cell = |row, injected, expect| Cell::new("No space left", row, injected, expect);
    let large = Release {
        more: "extra_mb = 8",
        ..WORKING
    };
    vec![
        cell(
            "store full",
            "the file system of /nix has 3 MB left, the release needs 8",
            Expect::untouched(&["No space left on device"]),
        )
        .sending(large)
        .after(small_store!("3m", "100000")),
        cell(
            "store full in COMMITTING",
            "the file system of /nix is filled",
            runs_new_boots_old(Side::Old, "nix-env"),
        )
        .after(small_store!("40m", "3000"))
        .held("committing", Fault::Shell(FILL_STORE)),
        cell(
            "/var full",
            "the file system of /var/lib/phoenix is full",
            Expect::untouched(&["/var"]),
        )
        .after(full!("/var/lib/phoenix", "48m")),
        cell(
            "/var full in ACTIVATING",
            "the file system of /var/lib/phoenix is filled",
            Expect::kept(&[]),
        )
        .after(small!("/var/lib/phoenix", "48m"))
        .held("activating", Fault::Shell(fill!("/var/lib/phoenix"))),
        cell(
            "/boot full",
            "the file system of /boot is full",
            Expect::untouched(&["/boot has"]),
        )
        .after(full!("/boot", "64m")),
        cell(
            "/boot full in COMMITTING",
            "the file system of /boot is filled",
            runs_new_boots_old(Side::New, "switch-to-configuration boot"),
        )
        .after(small!("/boot", "64m"))
        .held("committing", Fault::Shell(fill!("/boot"))),
    ]
}

/// The commit fails where `says` is told; the boot default was the old system and still is.
fn runs_new_boots_old(profile: Side, says: &'static str) -> Expect {
    Expect {
        boots: Side::Old,
        profile,
        record: Some("committed-not-boot"),
        outcome: Some("failed"),
        code: 1,
        ..Expect::kept(&[
            "the host runs the new system, but the next boot may bring the old one",
            says,
        ])
    }
}
