//! Takes a host through one cell, and finds out what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::bench::{Bench, Told};
use super::cell::{Cell, Fault, Side};
use super::contact::{Seen, Watch};
use super::judge;
use super::sight::Sight;
use super::words::Words;
use crate::command::Ran;
use crate::phoenix::Running;

/// Seconds that a host may take to end a run by itself: all limits, and some for a busy machine.
const HOST_LIMIT: u32 = 90;
/// How long the host may take to serve after phoenix has told how it ended.
const SERVING_LIMIT: Duration = Duration::from_secs(30);
/// How long a host that was just booted may take to let its account in; eight of them boot at once on two cores.
const LOGIN_LIMIT: Duration = Duration::from_secs(45);
/// How long a run's last traces may take to go.
const TIDY_LIMIT: Duration = Duration::from_secs(5);
/// Folder of failpoints on a host.
const FAILPOINTS: &str = "/run/phoenix-failpoints";

/// What became of a cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// What does not hold.
    pub(super) wrong: Vec<String>,
    /// From the injection, or the loss of contact, until the host served again.
    pub(super) took: Duration,
    /// From the loss of contact until the old system served again, where that is measured.
    pub(super) lost: Option<Duration>,
    /// What the operator saw.
    pub(super) saw: String,
}

/// Everything that is known after the run, for the judge.
pub(super) struct Facts<'a> {
    pub(super) cell: &'a Cell,
    pub(super) before: Sight,
    pub(super) after: Sight,
    /// The system that was sent, if it was built.
    pub(super) new: String,
    /// How phoenix ended; `None` when it was killed.
    pub(super) ran: Option<Ran>,
    /// The host's result in the journal.
    pub(super) result: Value,
    /// `phoenix status` after a killed controller: for machines, and for people.
    pub(super) status: Option<[Ran; 2]>,
    /// What the operator saw.
    pub(super) saw: String,
    /// What the rival's phoenix said.
    pub(super) rival: Option<Ran>,
}

/// What happened while the run went on.
struct Course {
    told: Told,
    /// `None` when phoenix was killed.
    ran: Option<Ran>,
    rival: Option<Ran>,
    injected: Instant,
    seen: Option<Seen>,
}

/// Takes the host of a bench, which runs a working release, through a cell. It runs a working
/// release afterwards.
pub(super) fn run(bench: &mut Bench<'_>, cell: &Cell) -> Found {
    serving(bench);
    prepare(bench, cell);
    serving(bench);
    let before = Sight::of(bench.lab, &bench.host, None);
    let old_version = bench.version().unwrap_or_default();
    let new_version = bench.release(cell.new);
    let version = match cell.expect.runs {
        Side::Old => old_version,
        Side::New => new_version,
    };
    let course = go(bench, cell, &version);
    let status = course
        .ran
        .is_none()
        .then(|| [true, false].map(|is_json| bench.status(&course.told, is_json)));
    let run = course.told.run();
    let after = settled(bench, run.as_deref());
    let result = course.told.result(&bench.host);
    let new = sent(cell, &result, &after, &before);
    let words = Words::new(bench, run.as_deref(), before.running(), &new);
    let told = |ran: &Ran| words.told(ran, &bench.host);
    let saw = match (&course.ran, &course.rival) {
        (Some(first), Some(second)) => {
            format!("the first: {}; the second: {}", told(first), told(second))
        }
        (Some(ran), None) => told(ran),
        (None, _) => {
            let row = status.as_ref().map_or("", |[_, table]| &table.stdout);
            format!("`phoenix status`: {}", words.row(row, &bench.host))
        }
    };
    let facts = Facts {
        cell,
        before,
        after,
        new,
        ran: course.ran,
        result,
        status,
        saw,
        rival: course.rival,
    };
    let mut found = Found {
        saw: facts.saw.clone(),
        ..Found::default()
    };
    found.wrong = judge::judge(&facts);
    time(&mut found, cell, course.seen, course.injected, &facts);
    afterwards(bench, &facts, &mut found);
    found
}

/// The system that was sent: the record knows it, or the journal; else it never came to be.
fn sent(cell: &Cell, result: &Value, after: &Sight, before: &Sight) -> String {
    if cell.new.is_same {
        return before.running().to_owned();
    }
    let record = after.record();
    let known = record["new"].as_str().or(result["to"].as_str());
    known.unwrap_or_default().to_owned()
}

fn prepare(bench: &mut Bench<'_>, cell: &Cell) {
    if let Some(old) = cell.old {
        bench.release(old);
        bench.deploy(&[]).1.expect_code(0);
    }
    bench.limits(cell.activate_limit, cell.lease());
    bench.lab.say(
        &bench.host,
        &format!("rm -rf {FAILPOINTS}; {}", cell.before),
    );
    if let Some(hold) = cell.hold {
        let make = format!("mkdir -p {FAILPOINTS} && touch {FAILPOINTS}/{hold}");
        bench.lab.say(&bench.host, &make);
    }
}

/// Deploys, injects, and waits until the host serves `version`.
fn go(bench: &mut Bench<'_>, cell: &Cell, version: &str) -> Course {
    let (address, port) = (bench.address, bench.port);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = Watch::begin(scope, address, port, &is_over);
        // Dropped in a panic too, or the scope would wait for the watch for ever.
        let over = Over(&is_over);
        let mut injected = Instant::now();
        let (told, running) = bench.begin(cell.options);
        let mut rival = None;
        let ran = match cell.hold {
            None => Some(running.end()),
            Some(hold) => {
                let reached = format!("test -e {FAILPOINTS}/{hold}.reached");
                bench.lab.until(&bench.host, HOST_LIMIT, &reached);
                injected = Instant::now();
                inject(bench, cell, &told, running, &mut rival)
            }
        };
        let until = Instant::now() + SERVING_LIMIT;
        while bench.version().as_deref() != Some(version) && Instant::now() < until {
            thread::sleep(Duration::from_millis(100));
        }
        drop(over);
        Course {
            told,
            ran,
            rival,
            injected,
            seen: watch.served(version),
        }
    })
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does what the cell says to a run that is held, and lets it go on.
fn inject(
    bench: &mut Bench<'_>,
    cell: &Cell,
    told: &Told,
    running: Running,
    rival: &mut Option<Ran>,
) -> Option<Ran> {
    let (lab, host) = (bench.lab, bench.host.clone());
    let release = || lab.say(&host, &format!("rm -f {FAILPOINTS}/*"));
    match cell.fault {
        Fault::None => {}
        Fault::KillController => {
            running.kill();
            release();
            ended(bench, told);
            return None;
        }
        Fault::CutLink => {
            lab.cut(&host);
            release();
            ended(bench, told);
            lab.heal(&host);
            return Some(running.end());
        }
        Fault::CutPower => {
            lab.kill(&host);
            lab.start(&host);
            return Some(running.end());
        }
        Fault::KillGuard => {
            lab.say(
                &host,
                "systemctl kill --kill-whom=main --signal=KILL 'phoenix-run-*.service'",
            );
        }
        Fault::Shell(script) => {
            lab.say(&host, script);
        }
        Fault::Rival => {
            bench.release(super::cell::Release::of("slow-activation"));
            *rival = Some(bench.deploy(&[]).1);
        }
    }
    release();
    Some(running.end())
}

/// Waits until the host has ended the run by itself.
fn ended(bench: &Bench<'_>, told: &Told) {
    let run = told.run().expect("a run that is held has begun");
    let record = format!("/var/lib/phoenix/runs/{run}/record.json");
    let states = "committed|committed-not-boot|rolled-back|failed";
    let is_over = format!("grep -Eq '\"state\": \"({states})\"' {record}");
    bench.lab.until(&bench.host, HOST_LIMIT, &is_over);
}

/// Looks at the host once a run's last traces are gone, or should be.
fn settled(bench: &Bench<'_>, run: Option<&str>) -> Sight {
    let until = Instant::now() + TIDY_LIMIT;
    loop {
        let sight = Sight::of(bench.lab, &bench.host, run);
        if sight.left_over().is_empty() || Instant::now() >= until {
            return sight;
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn time(found: &mut Found, cell: &Cell, seen: Option<Seen>, injected: Instant, facts: &Facts<'_>) {
    let Some(seen) = seen else {
        let side = cell.expect.runs.word();
        found
            .wrong
            .push(format!("the {side} system does not serve at the end"));
        return;
    };
    let (began, ended) = judge::lease(facts);
    // The host serves again from here on. Nobody can see through a cut link: the host's own record tells.
    let back = match (cell.fault, ended) {
        (Fault::CutLink, Some(ended)) => ended,
        _ => seen.since,
    };
    // Without a place of injection, the release itself takes the host away.
    found.took = match cell.hold {
        Some(_) => back.saturating_duration_since(injected),
        None => seen.away,
    };
    if cell.expect.is_lost {
        // The lease begins when activation ends, however early contact was lost.
        let began = began.map_or(injected, |began| began.max(injected));
        let lost = match cell.hold {
            Some(_) => back.saturating_duration_since(began),
            None => seen.away,
        };
        found.lost = Some(lost);
        found.wrong.extend(judge::too_late(lost));
    }
}

/// Boots the host as after a power cut, and deploys to it once more.
fn afterwards(bench: &mut Bench<'_>, facts: &Facts<'_>, found: &mut Found) {
    bench.recover();
    let booted = Sight::of(bench.lab, &bench.host, None);
    found.wrong.extend(judge::boot(facts, &booted));
    found.wrong.extend(login(bench));
    bench.ease();
    serving(bench);
    bench.release(super::cell::WORKING);
    let (told, ran) = bench.deploy(facts.cell.next);
    let outcome = told.result(&bench.host)["outcome"].clone();
    if outcome != "confirmed" {
        found
            .wrong
            .push(format!("the next deployment is {outcome}: {}", ran.all()));
    }
}

/// Why the account that deploys cannot log in, with what the host itself says of its sshd.
fn login(bench: &Bench<'_>) -> Option<String> {
    let until = Instant::now() + LOGIN_LIMIT;
    loop {
        let login = bench.lab.ssh(&bench.host, "true");
        if login.code == 0 {
            return None;
        }
        if Instant::now() >= until {
            let look = "systemctl status --no-pager --lines 20 ssh; cat /proc/loadavg";
            let host = bench.lab.root(&bench.host, look);
            let (login, host) = (login.all(), host.all());
            return Some(format!("no login over SSH: {login}\non the host: {host}"));
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// The page tells which release comes next, so it has to be up: after a boot, and after a
/// deployment whose unit was started and does not listen yet.
fn serving(bench: &Bench<'_>) {
    let until = Instant::now() + Duration::from_secs(10);
    while bench.version().is_none() && Instant::now() < until {
        thread::sleep(Duration::from_millis(100));
    }
}
