//! What runs on a host: facts and the activation transaction.
//!
//! `serve` talks to a controller and does nothing by itself. `guard`, `switch` and `recover`
//! run in transient units of the host's own PID 1, so that no session, network or controller
//! can stop a transaction. `receive` stands before the host's Nix daemon while a controller copies.
//! docs/design/0001-transaction.md has the states and the reasons.

mod answer;
mod begin;
mod boot_space;
mod child;
mod contact;
mod decision;
mod facts;
mod failpoints;
mod files;
mod finish;
mod follow;
mod grub;
mod guard;
mod hold;
mod host;
mod inhibit;
mod known;
mod lease;
mod loader;
mod lock;
mod paths;
mod preflight;
mod probe;
mod receive;
mod reconcile;
mod record;
mod recover;
mod root_device;
mod serve;
mod staging;
mod story;
mod switch;
mod switching;
mod system;
#[cfg(test)]
mod tests;
mod tidy;
mod units;
mod watchdog;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use self::host::{Cx, Host, chain};
use self::paths::{Paths, Side};
use self::record::Record;
use self::system::System;
use crate::model::{RunId, Toplevel};

const USAGE: &str = "usage: phoenix-agent serve | receive | facts | --version\n       \
    (by systemd) guard RUN | switch RUN new|old | recover RUN";
/// Exit status for arguments that are none.
const USAGE_STATUS: u8 = 2;

/// Runs the agent with the arguments after the program's name.
#[must_use]
pub fn main(arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["serve"] => serve(),
        ["receive"] => receive_paths(),
        ["facts"] => show_facts(),
        ["--version"] => say(concat!("phoenix-agent ", env!("CARGO_PKG_VERSION"))),
        ["guard", run] => in_run(run, |cx, _, run| Ok(guard::guard(cx, run)?)),
        ["recover", run] => in_run(run, |cx, _, run| Ok(recover::recover(cx, run)?)),
        ["switch", run, "new"] => switch(run, Side::New),
        ["switch", run, "old"] => switch(run, Side::Old),
        _ => {
            System::new().note(USAGE);
            return ExitCode::from(USAGE_STATUS);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            System::new().note(&chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn Error>>;

fn say(text: &str) -> Done {
    Ok(writeln!(io::stdout(), "{text}")?)
}

fn serve() -> Done {
    let (paths, system) = (Paths::host(), System::new());
    let cx = Cx {
        paths: &paths,
        host: &system,
    };
    let nix = system.find(Path::new("nix"));
    Ok(serve::serve(
        cx,
        &nix,
        &mut io::stdin().lock(),
        &mut io::stdout().lock(),
    )?)
}

/// Does not wait for the thread that reads: it would, for as long as the controller says nothing.
fn receive_paths() -> Done {
    let daemon = System::new().start_nix_daemon()?;
    Ok(receive::receive(daemon, io::stdin())?)
}

fn show_facts() -> Done {
    let (paths, system) = (Paths::host(), System::new());
    let cx = Cx {
        paths: &paths,
        host: &system,
    };
    let facts = facts::facts(cx, &system.find(Path::new("nix")));
    say(&serde_json::to_string_pretty(&facts)?)
}

fn switch(run: &str, side: Side) -> Done {
    in_run(run, |cx, system, run| {
        Ok(switch::switch(cx, system, run, side)?)
    })
}

/// Works on a run, with the tools of the system that ran before it.
fn in_run(run: &str, work: impl FnOnce(Cx<'_>, &System, &RunId) -> Done) -> Done {
    let (run, paths) = (RunId::new(run)?, Paths::host());
    let old: Option<Toplevel> = Record::load(&paths, &run)?.map(|record| record.old);
    let system = System::new();
    let system = match &old {
        Some(old) => system.preferring(old),
        None => system,
    };
    let cx = Cx {
        paths: &paths,
        host: &system,
    };
    work(cx, &system, &run)
}
