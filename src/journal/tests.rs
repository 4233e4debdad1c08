//! The journal on a real disk: what is written, and what broken files read as.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::event::VERSION;
use crate::model::{HostName, Mode, RunState, RunSummary, Stage, StorePath, Toplevel, Verdict};

fn started(run: &RunId) -> StepEvent {
    StepEvent::RunStarted {
        version: VERSION,
        run: run.clone(),
        command: "deploy".to_owned(),
        who: "ada@desk".to_owned(),
        hosts: vec![HostName::new("web1").unwrap()],
    }
}

fn copying() -> StepEvent {
    StepEvent::StageStarted {
        host: HostName::new("web1").unwrap(),
        stage: Stage::Copy,
    }
}

fn ended(run: &RunId) -> StepEvent {
    StepEvent::RunFinished {
        run: run.clone(),
        millis: 7,
        hosts: BTreeMap::new(),
    }
}

fn journal_of(text: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    fs::write(&path, text).unwrap();
    (dir, path)
}

#[test]
fn what_is_written_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunId::at(0, [1, 2, 3]);
    let mut journal = Journal::create(&dir.path().join("runs"), &run).unwrap();
    let events = [started(&run), copying(), ended(&run)];
    for (at, event) in (100..).zip(&events) {
        journal.append(at, event).unwrap();
    }
    let read: Vec<_> = read(journal.path()).unwrap();
    let expected: Vec<_> = (1..)
        .zip(events)
        .map(|(number, event)| Entry::Known {
            number,
            at: 99 + number,
            event,
        })
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn a_line_is_flat() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), &RunId::at(0, [0; 3])).unwrap();
    journal.append(1_795_380_244_000, &copying()).unwrap();
    assert_eq!(
        fs::read_to_string(journal.path()).unwrap(),
        "{\"n\":1,\"at\":1795380244000,\"event\":\"stage-started\",\"host\":\"web1\",\"stage\":\"copy\"}\n"
    );
}

#[test]
fn only_the_owner_may_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let journal = Journal::create(&runs, &RunId::at(0, [0; 3])).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&runs), 0o700);
    assert_eq!(mode(journal.path().parent().unwrap()), 0o700);
    assert_eq!(mode(journal.path()), 0o600);
}

#[test]
fn a_run_has_one_journal() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunId::at(0, [0; 3]);
    Journal::create(dir.path(), &run).unwrap();
    let error = Journal::create(dir.path(), &run).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("19700101-000000-000000/events.jsonl could not be created"),
        "{error}"
    );
}

#[test]
fn a_torn_last_line_is_left_out() {
    let whole = r#"{"n":1,"at":5,"event":"stage-started","host":"web1","stage":"copy"}"#;
    for torn in [r#"{"n":2,"at":9,"ev"#, "\0\0\0\0\n"] {
        let (_dir, path) = journal_of(&format!("{whole}\n{torn}"));
        assert_eq!(read(&path).unwrap().len(), 1, "{torn:?}");
    }
    let (_dir, path) = journal_of("");
    assert_eq!(read(&path).unwrap(), []);
}

#[test]
fn what_a_newer_version_wrote_is_kept() {
    let (_dir, path) = journal_of(concat!(
        r#"{"n":1,"at":5,"event":"moon-landed","crew":3}"#,
        "\n",
        r#"{"n":2,"at":6,"event":"stage-started","host":"web1","stage":"copy","wave":2}"#,
        "\n"
    ));
    let entries = read(&path).unwrap();
    assert_eq!(
        entries[0],
        Entry::Unknown(serde_json::json!({"n": 1, "at": 5, "event": "moon-landed", "crew": 3}))
    );
    assert_eq!(entries[1].event(), Some(&copying()));
}

#[test]
fn a_broken_line_is_named() {
    let (_dir, path) = journal_of("{}\nnot json\n{}\n");
    let error = read(&path).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("events.jsonl, line 2: this is no entry of a journal"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the folder should be: refused for root, too.
    fs::write(dir.path().join("runs"), "").unwrap();
    let error = Journal::create(&dir.path().join("runs"), &RunId::at(0, [0; 3])).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("runs/19700101-000000-000000 could not be created"),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let mut journal = Journal::over(PathBuf::from("/dev/full"), file);
    let error = journal.append(0, &copying()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "event 1 could not be written to the journal /dev/full"
    );
}

fn went_back(run: &RunId) -> StepEvent {
    let toplevel = |letter: &str| {
        let path = format!("/nix/store/{}-nixos-system-web1", letter.repeat(32));
        Toplevel(StorePath::new(path).unwrap())
    };
    StepEvent::Verdict {
        host: HostName::new("web1").unwrap(),
        verdict: Box::new(Verdict::Ended {
            summary: RunSummary {
                run: run.clone(),
                host: HostName::new("web1").unwrap(),
                who: "ada@desk".to_owned(),
                state: RunState::RolledBack,
                old: toplevel("a"),
                new: toplevel("b"),
                reason: Some("nobody confirmed it".to_owned()),
                mode: Mode::Test,
                needs_reboot: false,
                activated: true,
                exit: Some(0),
                failed_units: Vec::new(),
                log: Vec::new(),
                changed: 1,
            },
        }),
    }
}

#[test]
fn a_verdict_is_added_once_the_controller_is_gone_and_ends_the_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let run = RunId::at(0, [1, 2, 3]);
    let mut journal = Journal::create(dir.path(), &run).unwrap();
    let path = journal.path().to_owned();
    let activating = StepEvent::StageStarted {
        host: HostName::new("web1").unwrap(),
        stage: Stage::Activate,
    };
    journal.append(1, &started(&run)).unwrap();
    journal.append(2, &activating).unwrap();
    let recorded = &list(dir.path()).unwrap()[0];
    assert!(recorded.is_under_way());
    assert!(Journal::reopen(&path).unwrap().is_none());
    drop(journal);
    assert!(!recorded.is_under_way());
    // What a controller that was killed while it wrote leaves behind.
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"n\":3,\"at\":9,\"ev").unwrap();
    drop(file);
    let past = Past::of(&read(&path).unwrap()).unwrap();
    assert_eq!(past.undecided().count(), 1);
    let mut journal = Journal::reopen(&path).unwrap().unwrap();
    journal.append(5, &went_back(&run)).unwrap();
    drop(journal);
    let entries = read(&path).unwrap();
    let expected = Entry::Known {
        number: 3,
        at: 5,
        event: went_back(&run),
    };
    assert_eq!(entries.last(), Some(&expected));
    assert_eq!(Past::of(&entries).unwrap().undecided().count(), 0);
}

#[test]
fn a_host_that_never_began_to_activate_is_not_in_doubt() {
    let run = RunId::at(0, [1, 2, 3]);
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(dir.path(), &run).unwrap();
    journal.append(1, &started(&run)).unwrap();
    journal.append(2, &copying()).unwrap();
    let past = Past::of(&read(journal.path()).unwrap()).unwrap();
    assert_eq!(past.undecided().count(), 0);
    assert_eq!(past.hosts[0].stages[0].took, None);
}

#[test]
fn newest_runs_come_first() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (RunId::at(1, [0; 3]), RunId::at(86_400, [0; 3]));
    Journal::create(dir.path(), &old).unwrap();
    Journal::create(dir.path(), &new).unwrap();
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    let runs: Vec<_> = list(dir.path())
        .unwrap()
        .into_iter()
        .map(|r| r.run)
        .collect();
    assert_eq!(runs, [new, old]);
    assert_eq!(list(&dir.path().join("none")).unwrap(), []);
}
