//! Every fault as the operator sees it, and texts that must not bring the parser down.

use super::read;
use crate::fleet::{Fault, FleetErrors};

/// Cases of the form `=== title`, text, `---`, what is shown.
const FAULTS: &str = include_str!("faults.txt");

fn cases() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FAULTS.split("=== ").skip(1).map(|case| {
        let (title, rest) = case.split_once('\n').unwrap();
        let (text, shown) = rest.split_once("---\n").unwrap();
        (title, text, shown.trim_end())
    })
}

fn errors(text: &str) -> FleetErrors {
    read(text).expect_err("the text holds a fault")
}

#[test]
fn faults_are_shown_as_recorded() {
    let mut wrong = Vec::new();
    for (title, text, expected) in cases() {
        let shown = errors(text).render();
        if shown != expected {
            wrong.push(format!("=== {title}\n{text}---\n{shown}\n"));
        }
    }
    assert!(wrong.is_empty(), "shown now:\n{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_fault_is_recorded() {
    let kind = |fault: &Fault| match fault {
        Fault::Syntax(_) => 0,
        Fault::Duplicate(_) => 1,
        Fault::UnknownKey { .. } => 2,
        Fault::Type { .. } => 3,
        Fault::Value { .. } => 4,
        Fault::Name { .. } => 5,
        Fault::TagClash { .. } => 6,
        Fault::TagUnused(_) => 7,
        Fault::NoHosts => 8,
    };
    let mut seen = [false; 9];
    for (_, text, _) in cases() {
        for error in errors(text).iter() {
            seen[kind(&error.fault)] = true;
        }
    }
    assert_eq!(seen, [true; 9]);
}

#[test]
fn one_line_says_how_many_more_there_are() {
    let two = errors("[hosts.a]\nx = 1\ny = 2");
    assert_eq!(
        two.to_string(),
        "fleet.toml:2:1: unknown key `x` in host `a` (and 1 more)"
    );
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    let full = include_str!("full.toml");
    for (at, _) in full.char_indices() {
        for text in [&full[..at], &full[at..]] {
            if let Err(errors) = read(text) {
                assert!(!errors.render().is_empty());
            }
        }
    }
}

#[test]
fn bad_values_are_refused() {
    for (key, values) in [
        (
            "ssh.connect_timeout",
            "'' '10' 's' '1x' '-1s' '1.5s' '0s' '1m1h' '1s1s' '99999999999999999999s' '400d' 10 true",
        ),
        ("ssh.port", "0 65536 -1 '22' 2.5 99999999999999999999"),
        ("ssh.user", "'' 'a@b' '-x' 'a\tb' 3"),
        ("ssh.sudo", "'su' '' true"),
        ("ssh.jump", "'' 'a,b' '@h' 'u@' ['a','b:0'] 3"),
        ("ssh.identity_files", "'x' [''] ['~other/x'] [3]"),
        ("ssh.agent", "'yes' 1"),
        ("copy.engine", "'rsync' 3"),
        (
            "copy.bandwidth",
            "'' '20' 'MB/s' '20MB' '20MiB/s' '20mbit/s' '20Mbps' '1.5MB/s' '-1MB/s' '0MB/s' '999B/s' '7999bit/s' '20MB/s!' '99999999999GB/s' 20 true",
        ),
        ("offline", "'ignore'"),
        ("profile", "'' 'Web' 'a/b'"),
        ("tags", "'web' [3] ['']"),
        (
            "addresses",
            "[] 'a' [''] ['a:'] ['a:0'] ['a:65536'] ['a:+1'] [':22'] ['-o'] ['a/b'] ['ssh://a'] ['10.0.0.256'] ['10.0.0'] ['[fd00::1'] ['[a]:22'] ['fd00::1::2'] ['fe80::1%'] ['[fd00::1]22'] ['root@a'] ['é']",
        ),
    ] {
        for value in values.split(' ') {
            let text = format!("[hosts.a]\n{key} = {value}");
            assert!(read(&text).is_err(), "{text}");
        }
    }
}

#[test]
fn bad_patterns_are_refused() {
    for attribute in [
        "",
        "a",
        "{host}.{host}",
        "a.web-{host}.b",
        "a..{host}",
        "{host}.",
        "{name}.a",
        "a b.{host}",
        "\"a.{host}",
        "\"a\"b.{host}",
    ] {
        let text = format!("fleet.attribute = '{attribute}'\n[hosts.a]");
        assert!(read(&text).is_err(), "{attribute}");
    }
}
