//! Where things are on a host. Everything hangs below one root, so that tests can use a folder.

use std::path::{Path, PathBuf};

use crate::model::{Generation, RunId, StorePath, Toplevel};

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

    /// One folder a run.
    pub(super) fn runs(&self) -> PathBuf {
        self.state().join("runs")
    }

    /// The folder of one run.
    pub(super) fn run(&self, run: &RunId) -> RunFiles {
        RunFiles(self.runs().join(run.as_str()))
    }

    /// What a boot clears: the lock.
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
pub(super) struct RunFiles(pub(super) PathBuf);

impl RunFiles {
    /// The order as it came, with its nonce.
    pub(super) fn order(&self) -> PathBuf {
        self.0.join("order.json")
    }

    /// Where the run stands.
    pub(super) fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    /// Keep or go back; created once.
    pub(super) fn decision(&self) -> PathBuf {
        self.0.join("decision")
    }

    /// How a side's `switch-to-configuration test` ended.
    pub(super) fn exit(&self, side: Side) -> PathBuf {
        self.0.join(format!("switch-{}.json", side.word()))
    }

    /// What a side's `switch-to-configuration test` said.
    pub(super) fn log(&self, side: Side) -> PathBuf {
        self.0.join(format!("switch-{}.log", side.word()))
    }

    /// Space kept back for the run's last words on a full disk.
    pub(super) fn reserve(&self) -> PathBuf {
        self.0.join(super::files::RESERVE)
    }
}
/// The N of `system-N-link`.
fn generation_number(link: &str) -> Option<u64> {
    let number = link.strip_prefix("system-")?.strip_suffix("-link")?;
    number.parse().ok()
}
