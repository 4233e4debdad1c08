//! Where things are on a host. Everything hangs below one root, so that tests can use a folder.

use std::fs::DirEntry;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::{Generation, GenerationDate, RunId, StorePath, Toplevel};

/// Most links followed from one name to a store path.
const LINKS: usize = 8;

/// The host's files as the agent knows them.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    root: PathBuf,
}

/// Which of the two systems of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The system the run brings.
    New,
    /// The system that ran before.
    Old,
}

impl Side {
    /// The word used in file and unit names and on the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }
}

impl Paths {
    /// The real host.
    pub(super) fn host() -> Self {
        Self::below("/")
    }

    /// A host whose root is a folder.
    pub(super) fn below(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where an absolute path of the host is.
    pub(super) fn at(&self, absolute: impl AsRef<Path>) -> PathBuf {
        let absolute = absolute.as_ref();
        self.root
            .join(absolute.strip_prefix("/").unwrap_or(absolute))
    }

    /// What outlives a boot: the runs. Root only.
    pub(super) fn state(&self) -> PathBuf {
        self.at("/var/lib/phoenix")
    }

    /// Remembers which systems are known, beyond the runs that brought them.
    pub(super) fn known(&self) -> PathBuf {
        self.state().join("known.json")
    }

    /// One folder a run.
    pub(super) fn runs(&self) -> PathBuf {
        self.state().join("runs")
    }

    /// The files of one run.
    pub(super) fn run(&self, run: &RunId) -> RunFiles {
        RunFiles {
            kept: self.runs().join(run.as_str()),
            live: self.live_runs().join(run.as_str()),
        }
    }

    /// What the runs of this boot need to go on and back: no release can mount anything over
    /// it, and it can neither become read-only nor be filled from outside.
    pub(super) fn live_runs(&self) -> PathBuf {
        self.volatile().join("runs")
    }

    /// An operator's hold; outlives boots.
    pub(super) fn hold(&self) -> PathBuf {
        self.state().join("hold.json")
    }

    /// What a boot clears: the lock, and what runs need within this boot. Root only.
    pub(super) fn volatile(&self) -> PathBuf {
        self.at("/run/phoenix")
    }

    /// The file whose kernel lock is the host's deploy lock.
    pub(super) fn lock(&self) -> PathBuf {
        self.volatile().join("lock")
    }

    /// Says who holds the lock.
    pub(super) fn lock_holder(&self) -> PathBuf {
        self.volatile().join("lock.json")
    }

    /// Where phoenix keeps garbage collector roots while a run is open.
    pub(super) fn gc_roots(&self) -> PathBuf {
        self.at("/nix/var/nix/gcroots/phoenix")
    }

    /// The garbage collector root of one side of a run.
    pub(super) fn gc_root(&self, run: &RunId, side: Side) -> PathBuf {
        self.gc_roots().join(format!("{run}-{}", side.word()))
    }

    /// A system's own `switch-to-configuration`.
    pub(super) fn switch_program(&self, system: &Toplevel) -> PathBuf {
        self.at(system.path().as_path())
            .join("bin/switch-to-configuration")
    }

    /// Changes with every boot; empty when it cannot be read, which equals no real one.
    pub(super) fn boot_id(&self) -> String {
        self.line("/proc/sys/kernel/random/boot_id")
    }

    /// The one line of a small file, or nothing.
    pub(super) fn line(&self, absolute: &str) -> String {
        std::fs::read_to_string(self.at(absolute))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// The system that runs.
    pub(super) fn running(&self) -> Option<Toplevel> {
        self.system_at(Path::new("/run/current-system"))
    }

    /// The system that was booted.
    pub(super) fn booted(&self) -> Option<Toplevel> {
        self.system_at(Path::new("/run/booted-system"))
    }

    /// The generation the system profile points to.
    pub(super) fn profile(&self) -> Option<Generation> {
        let link = std::fs::read_link(self.at("/nix/var/nix/profiles/system")).ok()?;
        let number = generation_number(link.file_name()?.to_str()?)?;
        let toplevel = self.generation(number)?;
        Some(Generation { number, toplevel })
    }

    /// All generations of the system profile, oldest first.
    pub(super) fn generations(&self) -> Vec<Generation> {
        let Ok(links) = std::fs::read_dir(self.at("/nix/var/nix/profiles")) else {
            return Vec::new();
        };
        let mut found: Vec<Generation> = links
            .filter_map(|link| {
                let number = generation_number(link.ok()?.file_name().to_str()?)?;
                let toplevel = self.generation(number)?;
                Some(Generation { number, toplevel })
            })
            .collect();
        found.sort_by_key(|generation| generation.number);
        found
    }

    /// When each generation was made: its link is never touched again.
    pub(super) fn made(&self) -> Vec<GenerationDate> {
        let Ok(links) = std::fs::read_dir(self.at("/nix/var/nix/profiles")) else {
            return Vec::new();
        };
        let made = |link: std::io::Result<DirEntry>| {
            let link = link.ok()?;
            let number = generation_number(link.file_name().to_str()?)?;
            // Of a folder's entry this is the link's own time, not that of what it leads to.
            let made = link.metadata().ok()?.mtime();
            let made = u64::try_from(made).ok()?;
            Some(GenerationDate { number, made })
        };
        let mut found: Vec<GenerationDate> = links.filter_map(made).collect();
        found.sort_by_key(|generation| generation.number);
        found
    }

    /// The system of a generation.
    pub(super) fn generation(&self, number: u64) -> Option<Toplevel> {
        let link = format!("/nix/var/nix/profiles/system-{number}-link");
        self.system_at(Path::new(&link))
    }

    /// Follows links by hand, so that it also works below another root and for systems that
    /// are no longer there.
    fn system_at(&self, name: &Path) -> Option<Toplevel> {
        let mut name = name.to_owned();
        for _ in 0..LINKS {
            let target = std::fs::read_link(self.at(&name)).ok()?;
            name = name.parent()?.join(target);
            if let Some(system) = name.to_str().and_then(|text| StorePath::new(text).ok()) {
                return Some(Toplevel(system));
            }
        }
        None
    }
}

/// The files of one run.
#[derive(Clone, Debug)]
pub(super) struct RunFiles {
    /// What outlives a boot, below `/var/lib`.
    pub(super) kept: PathBuf,
    /// What the run needs within its boot, below `/run`.
    pub(super) live: PathBuf,
}

impl RunFiles {
    /// The order as it came, with its nonce.
    pub(super) fn order(&self) -> PathBuf {
        self.kept.join("order.json")
    }

    /// The order again, for a run whose folder went away during activation.
    pub(super) fn live_order(&self) -> PathBuf {
        self.live.join("order.json")
    }

    /// Where the run stands.
    pub(super) fn record(&self) -> PathBuf {
        self.kept.join("record.json")
    }

    /// Where the run stands, again.
    pub(super) fn live_record(&self) -> PathBuf {
        self.live.join("record.json")
    }

    /// Keep or go back; created once.
    pub(super) fn decision(&self) -> PathBuf {
        self.live.join("decision")
    }

    /// The decision again, for the verdict after a power cut.
    pub(super) fn kept_decision(&self) -> PathBuf {
        self.kept.join("decision")
    }

    /// Until when a controller that still looks at health gates wants the decision waited for.
    pub(super) fn lease(&self) -> PathBuf {
        self.live.join("lease.json")
    }

    /// How a side's `switch-to-configuration test` ended.
    pub(super) fn exit(&self, side: Side) -> PathBuf {
        self.live.join(format!("switch-{}.json", side.word()))
    }

    /// This program, as the units of the run start it.
    pub(super) fn program(&self) -> PathBuf {
        self.live.join("phoenix-agent")
    }

    /// What a side's `switch-to-configuration test` said.
    pub(super) fn log(&self, side: Side) -> PathBuf {
        self.kept.join(format!("switch-{}.log", side.word()))
    }

    /// Space kept back for the run's last words on a full disk.
    pub(super) fn reserve(&self) -> PathBuf {
        self.kept.join(super::files::RESERVE)
    }
}

/// The N of `system-N-link`.
fn generation_number(link: &str) -> Option<u64> {
    let number = link.strip_prefix("system-")?.strip_suffix("-link")?;
    number.parse().ok()
}
