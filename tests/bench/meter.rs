//! Runs a command and says what it cost, with all that it starts. tests/bench/copy compiles it with rustc, without cargo.
//!
//!     meter REPORT CGROUP SECONDS READER COMMAND…
//!
//! The command runs in CGROUP, a folder that is made for it and removed after it; everything in it is killed after SECONDS.
//! REPORT gets a line `NAME VALUE` for each of
//!
//!     wall-millis    from its start to its end
//!     cpu-millis     processor time of all processes, user and system
//!     memory-kb      the most anonymous memory that they had at once, shells apart; looked at every 50 ms
//!     read-bytes     what all that it waited for have read with read(2), as the kernel counts it
//!     reader-bytes   the same of the processes named READER alone, each while it has a child `ssh`; looked at every 50 ms
//!
//! The exit status is the command's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(50);
/// For what the command left behind to end by itself.
const LINGER: Duration = Duration::from_secs(10);
/// The kernel adds what a child has read to its parent's count when the parent has waited for it.
const COUNTED: &str =
    r#"file=$1; shift; "$@"; status=$?; cat "/proc/$$/io" >"$file"; exit "$status""#;
const SHELLS: [&str; 2] = ["sh", "bash"];

fn text(path: impl AsRef<Path>) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The number after `name` in text of lines such as `VmRSS:  12 kB`; 0 when it is not there.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// A process as it was at one look.
struct Process {
    folder: PathBuf,
    id: u64,
    parent: u64,
    name: String,
    memory: u64,
}

impl Process {
    fn look(id: &str) -> Option<Self> {
        let folder = PathBuf::from("/proc").join(id);
        let status = text(folder.join("status"));
        let name = status
            .lines()
            .next()?
            .strip_prefix("Name:")?
            .trim()
            .to_owned();
        Some(Self {
            folder,
            id: id.parse().ok()?,
            parent: field(&status, "PPid:"),
            memory: field(&status, "RssAnon:"),
            name,
        })
    }
}

/// What many looks at a cgroup have seen.
#[derive(Default)]
struct Seen {
    memory: u64,
    /// By process.
    read: BTreeMap<u64, u64>,
}

impl Seen {
    fn look(&mut self, cgroup: &Path, reader: &str) {
        let ids = text(cgroup.join("cgroup.procs"));
        let processes: Vec<Process> = ids.lines().filter_map(Process::look).collect();
        let programs = processes
            .iter()
            .filter(|process| !SHELLS.contains(&process.name.as_str()));
        self.memory = self
            .memory
            .max(programs.map(|process| process.memory).sum());
        for process in processes.iter().filter(|process| process.name == reader) {
            // Without it, its count may already be in that of the process which waited for it.
            if processes
                .iter()
                .any(|child| child.parent == process.id && child.name == "ssh")
            {
                let read = field(&text(process.folder.join("io")), "rchar:");
                self.read.insert(process.id, read);
            }
        }
    }
}

/// The cgroup of this process, in the hierarchy that `inner` is in.
fn own_cgroup(inner: &Path) -> Option<PathBuf> {
    let own = text("/proc/self/cgroup");
    let path = own
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))?
        .to_owned();
    let mounts = text("/proc/self/mounts");
    let mut roots = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (folder, kind) = (words.next()?, words.next()?);
        (kind == "cgroup2" && inner.starts_with(folder)).then(|| PathBuf::from(folder))
    });
    roots.next().map(|root| root.join(path))
}

fn join(cgroup: &Path) {
    let id = std::process::id().to_string();
    fs::write(cgroup.join("cgroup.procs"), id)
        .unwrap_or_else(|error| fail(&format!("{}: {error}", cgroup.display())));
}

fn is_empty(cgroup: &Path) -> bool {
    field(&text(cgroup.join("cgroup.events")), "populated") == 0
}

/// Looks until the command has ended, and at what is left of it; kills what exceeds its time.
fn watch(cgroup: &Path, reader: &str, limit: Instant, ended: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    while !ended.load(Ordering::Relaxed) {
        seen.look(cgroup, reader);
        if Instant::now() > limit {
            _ = fs::write(cgroup.join("cgroup.kill"), "1");
        }
        thread::sleep(PAUSE);
    }
    seen
}

/// Waits for what the command left behind, so that its time counts, and ends what stays.
fn clear(cgroup: &Path) {
    let limit = Instant::now() + LINGER;
    while !is_empty(cgroup) {
        if Instant::now() > limit {
            eprintln!(
                "meter: processes stay after the command: {}",
                text(cgroup.join("cgroup.procs"))
            );
            _ = fs::write(cgroup.join("cgroup.kill"), "1");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn fail(message: &str) -> ! {
    eprintln!("meter: {message}");
    exit(125)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [report, cgroup, seconds, reader, command @ ..] = &arguments[..] else {
        fail("usage: meter REPORT CGROUP SECONDS READER COMMAND…")
    };
    let cgroup = PathBuf::from(cgroup);
    let seconds = seconds
        .parse()
        .unwrap_or_else(|_| fail("SECONDS is a number"));
    let counts = format!("{report}.io");
    _ = fs::create_dir(&cgroup);
    let own = own_cgroup(&cgroup).unwrap_or_else(|| fail("CGROUP is in no hierarchy of cgroup2"));

    let mut shell = Command::new("sh");
    shell.args(["-c", COUNTED, "sh", &counts]).args(command);
    let start = Instant::now();
    join(&cgroup);
    let child = shell.spawn();
    join(&own);
    let mut child = child.unwrap_or_else(|error| fail(&format!("sh: {error}")));

    let ended = AtomicBool::new(false);
    let limit = start + Duration::from_secs(seconds);
    let (status, wall, seen) = thread::scope(|scope| {
        let watching = scope.spawn(|| watch(&cgroup, reader, limit, &ended));
        let status = child.wait();
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        (status, wall, watching.join().unwrap_or_default())
    });
    clear(&cgroup);
    let cpu = field(&text(cgroup.join("cpu.stat")), "usage_usec") / 1000;
    _ = fs::remove_dir(&cgroup);
    let lines = format!(
        "wall-millis {}\ncpu-millis {cpu}\nmemory-kb {}\nread-bytes {}\nreader-bytes {}\n",
        wall.as_millis(),
        seen.memory,
        field(&text(counts), "rchar:"),
        seen.read.values().sum::<u64>(),
    );
    fs::write(report, lines).unwrap_or_else(|error| fail(&format!("{report}: {error}")));
    let code = status.ok().and_then(|status| status.code()).unwrap_or(124);
    ExitCode::from(u8::try_from(code).unwrap_or(124))
}
