//! Paths of the file system as NARs, beside what `nix-store --dump` makes of them.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use phoenix::adapter::process::{self, Command};
use phoenix::archive::{Dump, DumpError};
use phoenix::wire::nar::Piece;

use super::dice::Dice;

const LIMIT: Duration = Duration::from_secs(60);

/// Around what strings are padded to, and around what is read at once.
const SIZES: [usize; 20] = [
    0,
    1,
    7,
    8,
    9,
    15,
    16,
    17,
    4095,
    4096,
    4097,
    65_535,
    65_536,
    65_537,
    100_000,
    (256 << 10) - 200,
    (256 << 10) - 1,
    256 << 10,
    (256 << 10) + 1,
    700_000,
];

/// Only the owner's permission counts; not every one of these lets the owner read.
const MODES: [u32; 7] = [0o644, 0o755, 0o444, 0o555, 0o744, 0o655, 0o4711];

const CHUNKS: [usize; 10] = [1, 2, 7, 8, 9, 64, 1000, 4096, 65_537, 256 << 10];

/// What a piece may go over the length that was asked for: a name, or a link's target.
const OVER: usize = 4096 + 256;

/// The NAR, with a length that `chunk` gives each time.
fn dump(path: &Path, mut chunk: impl FnMut() -> usize) -> Result<Vec<u8>, DumpError> {
    let (mut dump, mut all) = (Dump::of(path), Vec::new());
    loop {
        let length = chunk();
        let mut out = b"before".to_vec();
        let length = out.len() + length;
        let more = dump.fill(&mut out, length)?;
        assert!(out.len() >= length || !more, "{} of {length}", out.len());
        assert!(out.len() < length + OVER, "{} of {length}", out.len());
        assert_eq!(&out[..6], b"before");
        all.extend_from_slice(&out[6..]);
        if !more {
            return Ok(all);
        }
    }
}

async fn nix_dump(path: &Path) -> Vec<u8> {
    let path = path.to_str().expect("tests name the root themselves");
    let command = Command::new("nix-store", LIMIT).args(["--dump", path]);
    let output = process::run(&command).await;
    output.expect("Nix can dump what it can hold").stdout
}

fn name(dice: &mut Dice) -> OsString {
    const ODD: [&[u8]; 18] = [
        b" ",
        b"-",
        b"...",
        b".hidden",
        b"\n",
        b"a\\b",
        b"a b",
        b"A",
        b"a",
        b"a-",
        b"a.",
        b"a0",
        b"\x01",
        b"\x7f",
        b"\xc3\xa9",
        b"\xff\xfe",
        b"\x80",
        b"~nix~case~hack~1",
    ];
    let bytes = match dice.roll(4) {
        0 => vec![b'n'; 240 + dice.roll(16)],
        1 => (0..=dice.roll(20))
            .map(|_| other_than_slash(dice))
            .collect(),
        _ => dice.pick(&ODD).to_vec(),
    };
    match bytes.as_slice() {
        b"." | b".." => OsString::from("dots"),
        _ => OsString::from_vec(bytes),
    }
}

fn other_than_slash(dice: &mut Dice) -> u8 {
    match dice.roll(255) as u8 + 1 {
        b'/' => b'0',
        byte => byte,
    }
}

fn grow(path: &Path, dice: &mut Dice, depth: usize) {
    match dice.roll(if depth < 5 { 8 } else { 5 }) {
        0 => {
            let targets: [&[u8]; 6] = [b".", b"/", b"gone", b"\xff\xfe", b"../..", &[b'l'; 4095]];
            let target = OsString::from_vec(dice.pick(&targets).to_vec());
            symlink(target, path).unwrap();
        }
        1..5 => {
            let size = *dice.pick(&SIZES);
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            fs::write(path, bytes).unwrap();
            let mode = *dice.pick(&MODES);
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
        _ => {
            fs::create_dir(path).unwrap();
            for _ in 0..dice.roll(7) {
                let path = path.join(name(dice));
                if path.symlink_metadata().is_err() {
                    grow(&path, dice, depth + 1);
                }
            }
        }
    }
}

#[tokio::test]
async fn random_trees_are_dumped_as_nix_does_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut dice = Dice(3);
    for number in 0..60 {
        let path = folder.path().join(number.to_string());
        grow(&path, &mut dice, 0);
        let expected = nix_dump(&path).await;
        for _ in 0..4 {
            // A megabyte in bytes takes a while.
            let least = expected.len() / 20_000;
            let chunk = (*dice.pick(&CHUNKS)).max(least);
            let found = dump(&path, || chunk).unwrap();
            assert!(found == expected, "{number}, {chunk} bytes at once");
        }
        let found = dump(&path, || *dice.pick(&CHUNKS)).unwrap();
        assert!(found == expected, "{number}, bytes as they come");
    }
}

/// Nix 2.34 takes folders in 62 others at most. Older ones know no limit, so stores may hold
/// what is deeper, and hosts may take it.
#[test]
fn deep_folders_are_dumped() {
    const DEPTH: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let deep: PathBuf = (0..DEPTH).map(|_| "d").collect();
    fs::create_dir_all(folder.path().join(&deep)).unwrap();
    let mut expected = Vec::new();
    let mut put = |piece: Piece<'_>| piece.put(&mut expected);
    put(Piece::Start);
    for _ in 0..DEPTH {
        put(Piece::Folder);
        put(Piece::Entry { name: b"d" });
    }
    put(Piece::Folder);
    put(Piece::EndFolder);
    for _ in 0..DEPTH {
        put(Piece::EndEntry);
        put(Piece::EndFolder);
    }
    assert!(dump(folder.path(), || 1).unwrap() == expected);
}

/// A folder whose NAR was read up to somewhere in `a`; `b` comes after it.
fn begun(size: usize) -> (tempfile::TempDir, Dump, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), vec![1; size]).unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("b/c"), "c").unwrap();
    let (mut dump, mut out) = (Dump::of(folder.path()), Vec::new());
    assert!(dump.fill(&mut out, 1000).unwrap());
    assert_eq!(out.len(), 1000);
    (folder, dump, out)
}

fn fault(mut dump: Dump, mut out: Vec<u8>) -> String {
    let error = dump.fill(&mut out, 10 << 20).unwrap_err();
    let cause = std::error::Error::source(&error);
    let cause = cause.map_or(String::new(), |cause| format!(": {cause}"));
    format!("{error}{cause}")
}

#[test]
fn files_that_become_shorter_are_told() {
    for left in [0, 1, 1000, 99_999] {
        let (folder, dump, out) = begun(100_000);
        let file = File::options().write(true).open(folder.path().join("a"));
        file.unwrap().set_len(left).unwrap();
        let fault = fault(dump, out);
        assert!(fault.ends_with("/a became shorter while it was read"));
    }
}

/// It is what it was when its size was read, as Nix has it: its hash tells.
#[test]
fn files_that_become_longer_are_cut() {
    let (folder, mut dump, mut out) = begun(100_000);
    let twin = tempfile::tempdir().unwrap();
    fs::write(twin.path().join("a"), vec![1; 100_000]).unwrap();
    fs::create_dir(twin.path().join("b")).unwrap();
    fs::write(twin.path().join("b/c"), "c").unwrap();
    let file = File::options().append(true).open(folder.path().join("a"));
    file.unwrap().write_all(&[2; 5000]).unwrap();
    assert!(!dump.fill(&mut out, 10 << 20).unwrap());
    assert!(out == self::dump(twin.path(), || 4096).unwrap());
}

#[test]
fn what_vanishes_is_told() {
    type Change = fn(&Path);
    let changes: [(Change, &str); 4] = [
        (|b| fs::remove_dir_all(b).unwrap(), "/b: No such file"),
        (
            |b| {
                fs::remove_dir_all(b).unwrap();
                drop(UnixListener::bind(b).unwrap());
            },
            "/b is neither a file, a folder nor a link",
        ),
        (|b| fs::remove_file(b.join("c")).unwrap(), ""),
        (
            |b| {
                fs::remove_dir_all(b).unwrap();
                symlink("gone", b).unwrap();
            },
            "",
        ),
    ];
    for (change, words) in changes {
        let (folder, mut dump, mut out) = begun(5000);
        change(&folder.path().join("b"));
        if words.is_empty() {
            // Another path, but one that can be read.
            assert!(!dump.fill(&mut out, 10 << 20).unwrap());
            continue;
        }
        let fault = fault(dump, out);
        assert!(fault.contains(words), "{fault}");
    }
}

#[test]
fn what_vanishes_from_a_folder_that_is_open_is_told() {
    let (folder, mut dump, mut out) = begun(1000);
    fs::write(folder.path().join("b/d"), "d").unwrap();
    let has_begun = |out: &[u8]| out.windows(8).any(|bytes| bytes == b"c\0\0\0\0\0\0\0");
    while !has_begun(&out) {
        let length = out.len() + 1;
        assert!(dump.fill(&mut out, length).unwrap());
    }
    fs::remove_dir_all(folder.path().join("b")).unwrap();
    let fault = fault(dump, out);
    assert!(fault.contains("/b/d: No such file"), "{fault}");
}

#[test]
fn what_is_no_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let _listener = UnixListener::bind(&socket).unwrap();
    for path in [&socket, Path::new("/dev/null"), &folder.path().join("gone")] {
        let error = dump(path, || 100).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()));
    }
}
