//! What can go wrong on the workstation: names, Nix, programs, files, the terminal.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use phoenix::adapter::agents::{Agents, AgentsError};
use phoenix::adapter::nix::{NixError, Version};
use phoenix::adapter::process::{CommandFailure, Ending};
use phoenix::journal::JournalError;
use phoenix::model::{NameError, RunIdError, StorePath, StorePathError};
use phoenix::ui::PromptError;
use phoenix::wire::agent::{self, LineError, Reply};

use super::page::{Entry, Section, variants};

pub(super) fn sections() -> Vec<Section> {
    vec![
        names(),
        nix(),
        programs(),
        agents(),
        journal(),
        terminal(),
        messages(),
    ]
}

fn no_space() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn denied() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn not_json() -> serde_json::Error {
    serde_json::from_str::<Reply>("{").expect_err("half an object")
}

fn names() -> Section {
    let errors = [
        NameError::Empty,
        NameError::TooLong("x".repeat(64)),
        NameError::Character {
            text: "we/b".to_owned(),
            found: '/',
        },
    ];
    let store = |text: &str| -> StorePathError {
        StorePath::new(text).expect_err("the text is no store path")
    };
    let hash = "0pqyvyw21p553pf74czgvqks0vjaqp0l";
    let paths = [
        "/opt/web".to_owned(),
        "/nix/store/short-web".to_owned(),
        format!("/nix/store/{hash}"),
        format!("/nix/store/{hash}-a b"),
    ];
    let mut section = Section::new(
        "Names, runs and store paths",
        "Part of the message of whatever was read; the exit status is that one's.",
    )
    .with(
        &variants!(NameError: Empty TooLong Character),
        &errors,
        |name, error| Entry::command(name, error, None),
    )
    .and(Entry::command(
        "RunIdError",
        &RunIdError("yesterday".to_owned()),
        None,
    ));
    for path in paths {
        section = section.and(Entry::command("StorePathError", &store(&path), None));
    }
    section
}

fn failure(ending: Ending) -> CommandFailure {
    CommandFailure {
        argv: ["nix", "--version"].map(str::to_owned).to_vec(),
        ending,
        log: Vec::new(),
    }
}

fn nix() -> Section {
    let version = Version::parse("nix (Nix) 2.3.16").expect("as Nix 2.3 says it");
    let errors = [
        NixError::Start(Box::new(failure(Ending::NotFound))),
        NixError::NoVersion("hello\n".to_owned()),
        NixError::TooOld(version),
    ];
    Section::new("Nix on the workstation", "Exit status 4.").with(
        &variants!(NixError: Start NoVersion TooOld),
        &errors,
        |name, error| Entry::command(name, error, error.hint()),
    )
}

fn programs() -> Section {
    let failures = [
        Ending::Exit(1),
        Ending::Signal(9),
        Ending::Limit(Duration::from_secs(20)),
        Ending::TooLong,
        Ending::NotFound,
        Ending::Start(denied()),
    ]
    .map(failure);
    let variants = variants!(Ending: Exit Signal Limit TooLong NotFound Start);
    let mut section = Section::new(
        "Programs on the workstation",
        "A cause of what the program was needed for.",
    );
    for name in variants.all {
        let named = failures
            .iter()
            .find(|failure| (variants.name)(&failure.ending) == *name);
        let failure = named.unwrap_or_else(|| panic!("no sample of {name}"));
        section = section.and(Entry::host(*name, failure.problem()));
    }
    section
}

fn agents() -> Section {
    let folder = PathBuf::from("/opt/phoenix/agents");
    let unreadable = AgentsError {
        file: folder.join("x86_64-linux/phoenix-agent"),
        source: denied(),
    };
    let missing = Agents::find(&[folder])
        .expect("a folder that is not there holds nothing")
        .for_system("riscv64-linux")
        .expect_err("there is none");
    Section::new(
        "Agent programs",
        "An unreadable one ends the command with exit status 3; a missing one is a problem of the host that needs it.",
    )
    .and(Entry::command("AgentsError", &unreadable, None))
    .and(Entry::host("for_system", missing))
}

fn journal() -> Section {
    let path = || PathBuf::from("runs/20260131-142500-3fa9c1/events.jsonl");
    let errors = [
        JournalError::Create {
            path: path(),
            source: denied(),
        },
        JournalError::Write {
            path: path(),
            number: 7,
            source: no_space(),
        },
        JournalError::Read {
            path: path(),
            source: denied(),
        },
        JournalError::Line {
            path: path(),
            line: 3,
            source: not_json(),
        },
    ];
    Section::new(
        "The journal of a run",
        "Exit status 1 when it cannot be created; a run that cannot write it starts no further hosts and says so in a note.",
    )
    .with(
        &variants!(JournalError: Create Write Read Line),
        &errors,
        |name, error| Entry::command(name, error, None),
    )
}

fn terminal() -> Section {
    let errors = [
        PromptError::NoTerminal {
            source: io::Error::from(io::ErrorKind::NotFound),
        },
        PromptError::Withdrawn,
        PromptError::Interrupted,
        PromptError::Read { source: denied() },
    ];
    Section::new(
        "Questions on the terminal",
        "Taken as no answer: whatever asked says what it lacks.",
    )
    .with(
        &variants!(PromptError: NoTerminal Withdrawn Interrupted Read),
        &errors,
        |name, error| Entry::command(name, error, None),
    )
}

fn messages() -> Section {
    let error: LineError =
        agent::from_line::<Reply>("sudo: a password is required\n").expect_err("it is no message");
    Section::new(
        "Messages between phoenix and its agent",
        "Contact counts as lost.",
    )
    .and(Entry::command("LineError", &error, None))
}
