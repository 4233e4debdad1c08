//! Systems made of a few files.

use std::sync::Arc;

use super::*;
use crate::model::{ClosureSizes, LiveUnits, StorePath, Toplevel};

fn path(letter: &str, name: &str) -> StorePath {
    StorePath::new(format!("/nix/store/{}-{name}", letter.repeat(32))).unwrap()
}

fn inspection(contents: Contents, paths: &[(&str, u64)]) -> Arc<Inspection> {
    let toplevel = Toplevel(path("0", "nixos-system-x-24.05"));
    let paths = paths.iter().map(|(name, size)| (path("1", name), *size));
    Arc::new(Inspection {
        closure: ClosureSizes {
            paths: paths.collect(),
            toplevel,
            selected: BTreeSet::new(),
        },
        contents,
    })
}

fn contents(links: &[(&str, &str)], lines: &[(&str, &str)], texts: &[(&str, &str)]) -> Contents {
    let owned = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
    };
    Contents {
        links: owned(links),
        lines: owned(lines),
        texts: owned(texts),
        ..Contents::default()
    }
}

fn survey(before: Contents, after: Contents) -> Survey {
    Survey {
        before: inspection(before, &[("a-1.0", 10)]),
        after: inspection(after, &[("a-1.0", 10), ("b-2.0", 5), ("c-1.0", 7)]),
        units: LiveUnits::default(),
        missing: BTreeSet::from([path("1", "b-2.0")]),
    }
}

/// The settings that change, one a line.
fn told(before: Contents, after: Contents) -> Vec<String> {
    let delta = delta(&survey(before, after));
    let shown = |change: &SettingChange| {
        let or_none = |value: &Option<String>| value.clone().unwrap_or("∅".to_owned());
        let mark = if change.critical { "! " } else { "" };
        format!(
            "{mark}{}: {} → {}",
            change.what,
            or_none(&change.from),
            or_none(&change.to)
        )
    };
    delta.settings.iter().map(shown).collect()
}

#[test]
fn what_is_to_send_is_what_the_host_lacks() {
    let delta = delta(&survey(Contents::default(), Contents::default()));
    let expected = ClosureChange {
        paths_before: 1,
        paths_after: 3,
        bytes_before: 10,
        bytes_after: 22,
        paths_to_send: 1,
        bytes_to_send: 5,
    };
    assert_eq!(delta.closure, expected);
    assert_eq!(delta.packages.len(), 2);
    assert!(delta.settings.is_empty() && delta.reboot.is_empty() && delta.units.is_empty());
}

#[test]
fn another_kernel_is_told_and_needs_a_reboot() {
    let kernel = |letter, version| format!("{}/bzImage", path(letter, &format!("linux-{version}")));
    let (old, new) = (kernel("1", "6.6.32"), kernel("2", "6.6.35"));
    let initrd = |letter| format!("{}/initrd", path(letter, "initrd-linux-6.6"));
    let (first, second) = (initrd("1"), initrd("2"));
    let old = [("kernel", old.as_str()), ("initrd", &first)];
    let new = [("kernel", new.as_str()), ("initrd", &second)];
    let old = contents(&old, &[("kernel-params", "quiet a=1")], &[]);
    let new = contents(&new, &[("kernel-params", "a=2 quiet")], &[]);
    let delta = delta(&survey(old.clone(), new.clone()));
    assert_eq!(
        delta.reboot,
        [
            "another kernel",
            "another initrd",
            "other kernel parameters"
        ]
    );
    let expected = [
        "initrd: 6.6 → 6.6, built anew",
        "kernel: 6.6.32 → 6.6.35",
        "kernel parameter a=1: set → ∅",
        "kernel parameter a=2: ∅ → set",
    ];
    assert_eq!(told(old, new), expected);
}

#[test]
fn inhibitors_are_those_that_both_systems_have_and_the_interface() {
    let lines = |inhibitors: &'static str, interface: &'static str| {
        let lines = [
            ("switch-inhibitors", inhibitors),
            ("init-interface-version", interface),
        ];
        contents(&[], &lines, &[])
    };
    let old = lines(r#"{"systemd": "257", "gone": "1"}"#, "2");
    let new = lines(r#"{"systemd": "258", "new": "1"}"#, "3");
    let found = delta(&survey(old, new)).inhibitors;
    assert_eq!(
        found,
        ["systemd (257 → 258)", "init-interface-version (2 → 3)"]
    );
}

#[test]
fn file_systems_swap_and_encrypted_devices() {
    let fstab = |text| contents(&[], &[], &[("etc/fstab", text), ("etc/crypttab", "")]);
    let old =
        fstab("# made by NixOS\n/dev/a / ext4 x 0 1\n/dev/b /data xfs y 0 2\n/dev/s none swap z\n");
    let mut new = fstab("/dev/a / ext4 x 0 1\n/dev/c /data xfs y 0 2\n");
    new.texts
        .insert("etc/crypttab".to_owned(), "data /dev/c - luks\n".to_owned());
    let expected = [
        "/data: xfs /dev/b y → xfs /dev/c y",
        "encrypted device data: ∅ → /dev/c",
        "swap /dev/s: z → ∅",
    ];
    assert_eq!(told(old, new), expected);
}
