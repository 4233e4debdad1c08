//! What a host says about itself.

use serde::{Deserialize, Serialize};

use super::clock::{span, utc};
use super::{Generation, Hold, HostName, Mode, Origin, Problem, ProblemKind, RunId, Toplevel, who};

/// What the agent found on a host. Read in one go, before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Name the kernel has.
    pub host_name: String,
    /// Nix's word for the machine: `x86_64-linux`.
    pub system: String,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// The file system mounted at `/`: its UUID, for ZFS `zfs:` and the dataset's name. `None`
    /// where it has no identity of its own: in memory, overlays, containers.
    pub root_device: Option<String>,
    /// `/proc/sys/kernel/random/boot_id`: changes with every boot.
    pub boot_id: String,
    /// Where `/run/current-system` points, if there is such a link.
    pub running: Option<Toplevel>,
    /// Where that system comes from.
    pub origin: Origin,
    /// The host of the fleet this machine was last deployed or adopted as.
    pub deployed_as: Option<HostName>,
    /// Where `/run/booted-system` points.
    pub booted: Option<Toplevel>,
    /// The generation the system profile points to.
    pub profile: Option<Generation>,
    /// All generations of the system profile, oldest first.
    pub generations: Vec<Generation>,
    /// `nix --version` of the host, as in `2.26.3`.
    pub nix: Option<String>,
    /// systemd units that are failed now.
    pub failed_units: Vec<String>,
    /// Free space where it matters.
    pub space: Vec<DiskSpace>,
    /// Who holds the host's deploy lock.
    pub lock: Option<LockHolder>,
    /// The newest run the host knows of.
    pub last_run: Option<RunSummary>,
    /// The run whose trial the next boot is (`staged`), or brought what runs now (`on-trial`).
    /// Others may have begun and ended since.
    #[serde(default)]
    pub trial: Option<RunSummary>,
    /// The system that was kept although its boot entry could not be written: an older one boots.
    #[serde(default)]
    pub not_booting: Option<Toplevel>,
    /// Whether the kernel of the running system is another one than was booted.
    pub needs_reboot: bool,
    /// An operator's hold that is in force.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// When each generation was made, in seconds since 1970 by the host's clock.
    #[serde(default)]
    pub made: Vec<GenerationDate>,
    /// Runs whose records cannot be read.
    #[serde(default)]
    pub unreadable_runs: Vec<RunId>,
}

impl Facts {
    /// Whether the host is known to boot another system than `toplevel`, although its profile
    /// says that one: its boot entry could not be written, or a trial boot waits.
    #[must_use]
    pub fn boots_another(&self, toplevel: &Toplevel) -> bool {
        self.not_booting.as_ref() == Some(toplevel)
            || self.next_boot().is_some_and(|tried| tried != toplevel)
    }

    /// The system that the next boot, and that one alone, brings.
    #[must_use]
    pub fn next_boot(&self) -> Option<&Toplevel> {
        let run = self.trial.as_ref()?;
        (run.state == RunState::Staged).then_some(&run.new)
    }

    /// Whether what runs was brought by a trial boot and is not kept.
    #[must_use]
    pub fn is_on_trial(&self) -> bool {
        let run = self.trial.as_ref();
        run.is_some_and(|run| run.state == RunState::OnTrial)
    }

    /// A machine of kind `system` of which nothing else is known.
    #[must_use]
    pub fn blank(system: &str) -> Self {
        Self {
            host_name: String::new(),
            system: system.to_owned(),
            machine_id: String::new(),
            root_device: None,
            boot_id: String::new(),
            running: None,
            origin: Origin::Unknown,
            deployed_as: None,
            booted: None,
            profile: None,
            generations: Vec::new(),
            nix: None,
            failed_units: Vec::new(),
            space: Vec::new(),
            lock: None,
            last_run: None,
            trial: None,
            not_booting: None,
            needs_reboot: false,
            hold: None,
            made: Vec::new(),
            unreadable_runs: Vec::new(),
        }
    }
}

/// When a generation was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationDate {
    /// The generation.
    pub number: u64,
    /// Seconds since 1970 by the host's clock.
    pub made: u64,
}

/// Free space of one file system, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskSpace {
    /// The folder that was asked about.
    pub path: String,
    /// Bytes an ordinary process can still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Who holds a host's deploy lock, as the host sees it at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The run that holds it.
    pub run: RunId,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// Address the operator's phoenix came from, where SSH tells it.
    #[serde(default)]
    pub from: Option<String>,
    /// Seconds since 1970 when the lock was taken, by the host's clock.
    pub since: u64,
    /// Seconds since it was taken, by a clock that nobody sets.
    #[serde(default)]
    pub age: u64,
    /// Where the run stands; unknown while its record cannot be read.
    #[serde(default)]
    pub state: Option<RunState>,
    /// Seconds until the run is decided at the latest; none once it is.
    #[serde(default)]
    pub decides_within: Option<u64>,
}

impl LockHolder {
    /// Which run of whom holds the lock, and since when.
    #[must_use]
    pub fn shown(&self) -> String {
        format!(
            "run {} of {} holds the host's deploy lock since {} ({} ago)",
            self.run,
            who(&self.who, self.from.as_deref()),
            utc(self.since),
            span(self.age)
        )
    }

    /// What the run is doing, and for how long at most.
    #[must_use]
    pub fn doing(&self) -> Option<String> {
        let state = self.state?;
        Some(match self.decides_within {
            Some(seconds) => format!(
                "it {}, and goes back by itself unless it is confirmed within {}",
                state.doing(),
                span(seconds)
            ),
            None => format!("it {}", state.doing()),
        })
    }

    /// Why `operator` cannot deploy now.
    #[must_use]
    pub fn problem(&self, operator: &str) -> Problem {
        let mut problem = Problem::new(ProblemKind::Refused, "another deployment is under way")
            .because(self.shown());
        problem.causes.extend(self.doing());
        let run = &self.run;
        problem.with_hint(if self.who == operator {
            format!(
                "it is a run of your own, which ends by itself even without its phoenix; wait and try again, `phoenix show {run}` tells how it went"
            )
        } else {
            "wait until it has ended and try again; `phoenix lock status` shows it".to_owned()
        })
    }
}

/// Where a run stands on a host. The states of docs/design/0001-transaction.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Lock held, everything recorded, nothing changed.
    Prepared,
    /// The rollback timer runs; nothing changed yet.
    Armed,
    /// `switch-to-configuration test` runs.
    Activating,
    /// Activated; waits for a decision until the deadline.
    Probing,
    /// Decided to keep the new system; profile and boot entry are being written.
    Committing,
    /// Runs the new system and boots it.
    Committed,
    /// Runs the new system, but the boot entry could not be written: boots the old one.
    CommittedNotBoot,
    /// Going back to the old system.
    RollingBack,
    /// The next boot is being prepared; nothing is activated.
    Staging,
    /// The next boot brings the new system; what runs and the default are as before, unless
    /// the order said otherwise.
    Staged,
    /// A trial boot brought the new system; the default is still the old one.
    OnTrial,
    /// Runs the old system again.
    RolledBack,
    /// Could neither keep the new system nor go back.
    Failed,
}

impl RunState {
    /// What a run in this state is doing, after "it".
    #[must_use]
    pub fn doing(self) -> &'static str {
        match self {
            Self::Prepared | Self::Armed => "is about to activate",
            Self::Activating => "is activating the new system",
            Self::Probing => "waits to be confirmed",
            Self::Committing => "is making the new system the one that boots",
            Self::RollingBack => "is going back to the old system",
            Self::Committed => "has kept the new system",
            Self::CommittedNotBoot => "runs the new system, but the old one boots",
            Self::Staging => "is preparing the next boot",
            Self::Staged => "has prepared a trial boot",
            Self::OnTrial => "runs the new system on trial",
            Self::RolledBack => "has gone back to the old system",
            Self::Failed => "could neither keep the new system nor go back",
        }
    }

    /// Whether the host was told to run the new system, and does: it is known from then on.
    #[must_use]
    pub fn is_kept(self) -> bool {
        matches!(
            self,
            Self::Committed | Self::CommittedNotBoot | Self::OnTrial
        )
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Committed
                | Self::CommittedNotBoot
                | Self::RolledBack
                | Self::Failed
                | Self::Staged
                | Self::OnTrial
        )
    }
}

/// A run as the host recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// The host the controller meant.
    pub host: HostName,
    /// Operator, as `user@workstation`.
    pub who: String,
    /// Where it stands.
    pub state: RunState,
    /// What it does with the new system: what was ordered, or what an inhibitor made of it.
    #[serde(default)]
    pub mode: Mode,
    /// What ran before.
    pub old: Toplevel,
    /// What was activated.
    pub new: Toplevel,
    /// Whether the new system's kernel is another one than was booted.
    #[serde(default)]
    pub needs_reboot: bool,
    /// Whether its activation ended well, so that only the decision was left.
    #[serde(default)]
    pub activated: bool,
    /// Why it went back or failed, in one line.
    pub reason: Option<String>,
    /// Exit status of the new system's `switch-to-configuration test`, once it has one.
    #[serde(default)]
    pub exit: Option<i32>,
    /// Units that failed because of it.
    pub failed_units: Vec<String>,
    /// Last lines of the log that explains it.
    pub log: Vec<String>,
    /// Seconds since 1970 of the last change of state, by the host's clock.
    pub changed: u64,
}
