//! A system made of a few files below a folder.

use std::os::unix::fs::symlink;

use super::*;

const SYSTEM: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-nixos-system-x-24.05";
const ETC: &str = "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-etc";
const UNITS: &str = "/nix/store/cccccccccccccccccccccccccccccccc-system-units";
const USERS: &str = "/nix/store/dddddddddddddddddddddddddddddddd-users-groups.json";

struct Store(tempfile::TempDir);

impl Store {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        let path = below(self.0.path(), Path::new(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &Self {
        let path = below(self.0.path(), Path::new(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    fn read(&self) -> Contents {
        let system = Toplevel(StorePath::new(SYSTEM).unwrap());
        let paths = [StorePath::new(USERS).unwrap()];
        contents(self.0.path(), &system, &paths).unwrap()
    }
}

fn made() -> Store {
    let store = Store::new();
    let of = |folder: &str, path: &str| format!("{folder}/{path}");
    store
        .file(&of(SYSTEM, "nixos-version"), "24.05\n")
        .file(&of(SYSTEM, "activate"), "#!/bin/sh\n")
        .link(&of(SYSTEM, "kernel"), "/nix/store/x-linux-6.6/bzImage")
        .link(&of(SYSTEM, "etc"), &of(ETC, "etc"))
        .link(&of(ETC, "etc/fstab"), "/nix/store/e-fstab")
        .file("/nix/store/e-fstab", "/dev/a / ext4\n")
        .file(&of(ETC, "etc/ssh/moduli"), "long\n")
        .link(&of(ETC, "etc/ssh/authorized_keys.d"), "/nix/store/f-keys")
        .file("/nix/store/f-keys/ann", "ssh-ed25519 AAAA ann\n")
        .link(&of(ETC, "etc/systemd/system"), UNITS)
        .link(&of(UNITS, "a.service"), "../u-a/a.service")
        .file("/nix/store/u-a/a.service", "[Unit]\n")
        .link(&of(UNITS, "masked.service"), "/dev/null")
        .link(&of(UNITS, "dangling.service"), "/nix/store/gone")
        .link(&of(UNITS, "a.service.d"), "/nix/store/u-d")
        .file("/nix/store/u-d/x.conf", "[Service]\n")
        .link(
            &of(UNITS, "multi-user.target.wants/a.service"),
            "../a.service",
        )
        .file(USERS, "{}");
    store
}

#[test]
fn links_and_lines_of_the_toplevel() {
    let found = made().read();
    assert_eq!(found.links["kernel"], "/nix/store/x-linux-6.6/bzImage");
    let lines: Vec<_> = found.lines.iter().collect();
    assert_eq!(lines, [(&"nixos-version".to_owned(), &"24.05".to_owned())]);
}

#[test]
fn etc_by_where_it_points_and_some_of_it_as_text() {
    let found = made().read();
    assert_eq!(found.etc["fstab"], "/nix/store/e-fstab");
    assert_eq!(found.etc["ssh/authorized_keys.d"], "/nix/store/f-keys");
    let texts: Vec<&str> = found.texts.keys().map(String::as_str).collect();
    let expected = [
        "etc/fstab",
        "etc/ssh/authorized_keys.d/ann",
        "users-groups.json",
    ];
    assert_eq!(texts, expected);
}

#[test]
fn units_with_drop_ins_masks_and_wants() {
    let found = made().read();
    let units: Vec<_> = found
        .units
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_deref()))
        .collect();
    let expected = [
        ("a.service", Some("[Unit]\n")),
        ("a.service.d/x.conf", Some("[Service]\n")),
        ("masked.service", None),
        ("multi-user.target.wants/a.service", Some("")),
    ];
    assert_eq!(units, expected);
}

#[test]
fn a_system_that_is_not_there_is_an_error_and_one_without_etc_is_none() {
    let system = Toplevel(StorePath::new(SYSTEM).unwrap());
    let store = Store::new();
    assert!(contents(store.0.path(), &system, &[]).is_err());
    store.file(&format!("{SYSTEM}/nixos-version"), "24.05");
    let found = contents(store.0.path(), &system, &[]).unwrap();
    assert_eq!(found.lines["nixos-version"], "24.05");
}

#[test]
fn what_is_no_text_or_too_long_is_left_out() {
    let store = made();
    let long = "x".repeat(usize::try_from(FILE_LIMIT).unwrap() + 1);
    store.file("/nix/store/e-fstab", &long);
    assert!(!store.read().texts.contains_key("etc/fstab"));
}
