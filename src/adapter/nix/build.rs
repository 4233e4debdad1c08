//! Builds systems: one `nix-store --realise` for all, a root for each as soon as it is there.
//!
//! `nix-store --realise` and `nix build` are the same build. The older form needs no
//! experimental feature and names derivations alike in every version (`nix build` wants
//! `drv` up to 2.12 and `drv^*` since).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Nix;
use super::build_log::{BuildLog, FailedDerivation, Seen, derivation_name};
use crate::adapter::process;
use crate::model::{Derivation, HostName, Problem, ProblemKind, StorePath};
use crate::world::{BuildProgress, Built, Evaluated, Found};

/// Roots made at once: each is a short program.
const HOLDERS: usize = 8;

/// Failed derivations that a problem names besides the first.
const OTHERS: usize = 5;

/// Where roots go and how long a build may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildJob {
    /// Folder of the roots that keep built systems; made when missing. See [`super::root_of`].
    pub roots: PathBuf,
    /// Limit for one build of everything.
    pub limit: Duration,
}

impl Nix {
    /// Builds what was evaluated and gives each host its result, exactly once, as soon as it
    /// is known: a host whose system is there does not wait for the others.
    // Dropped here, the build is killed; what was finished stays in the store.
    pub async fn build(
        &self,
        wanted: &[(HostName, Evaluated)],
        job: &BuildJob,
        progress: &dyn Fn(BuildProgress),
        found: Found<'_, Built>,
    ) {
        let run = Run {
            nix: self,
            job,
            progress,
            found,
            open: RefCell::new(wanted.iter().cloned().collect()),
        };
        if let Err(problem) = run.all().await {
            run.fail_all(&problem);
        }
    }
}

/// One build and the hosts that have no result yet.
struct Run<'a> {
    nix: &'a Nix,
    job: &'a BuildJob,
    progress: &'a dyn Fn(BuildProgress),
    found: Found<'a, Built>,
    open: RefCell<BTreeMap<HostName, Evaluated>>,
}

/// What a build that failed left.
struct Failure {
    failed: Vec<FailedDerivation>,
    /// For hosts that none of these explains.
    problem: Problem,
}

impl Run<'_> {
    async fn all(&self) -> Result<(), Problem> {
        self.make_folder()?;
        // A root alone is enough for what is in the store already.
        self.hold_what_is_there().await?;
        while !self.open.borrow().is_empty() {
            let Some(failure) = self.build().await else {
                self.hold_what_is_there().await?;
                return match self.open.borrow().is_empty() {
                    true => Ok(()),
                    false => Err(vanished()),
                };
            };
            self.hold_what_is_there().await?;
            let blamed = self.blame(&failure.failed).await;
            if blamed == 0 {
                return Err(failure.problem);
            }
            // Some errors end a build at once despite --keep-going (Nix 2.8 and 2.26 do so for
            // a derivation of a foreign system): whoever is not to blame gets another build.
        }
        Ok(())
    }

    fn make_folder(&self) -> Result<(), Problem> {
        std::fs::create_dir_all(&self.job.roots).map_err(|error| {
            let folder = self.job.roots.display();
            Problem::new(
                ProblemKind::Failed,
                format!("the folder {folder} could not be made"),
            )
            .because(error.to_string())
        })
    }

    fn fail_all(&self, problem: &Problem) {
        for host in std::mem::take(&mut *self.open.borrow_mut()).into_keys() {
            (self.found)(&host, Err(problem.clone()));
        }
    }

    /// Builds what is open. `None` when that succeeded.
    async fn build(&self) -> Option<Failure> {
        let open = self.open.borrow().clone();
        let drvs: BTreeSet<&str> = open.values().map(|e| e.derivation.0.as_str()).collect();
        let words = ["--realise", "--keep-going", "--log-format", "internal-json"];
        let command = self.nix.nix_store(&words, self.job.limit).args(drvs);
        let (finished, hosts) = unbounded_channel();
        let watch = Watch::new(&open, finished);
        let build = async {
            // The channel closes with the build, which ends the other half.
            let watch = watch;
            let log = RefCell::new(BuildLog::default());
            let result = process::run_with(&command, &mut |line| {
                let Some(seen) = log.borrow_mut().take(line) else {
                    return;
                };
                watch.see(seen, &log.borrow(), self.progress);
            })
            .await;
            result.err().map(|failure| (failure, log.into_inner()))
        };
        let (failure, ()) = futures::join!(build, self.hold_finished(hosts));
        failure.map(|(failure, log)| {
            let mut problem = failure.problem();
            problem.message = "the build failed".into();
            problem.causes = log.errors.iter().rev().take(3).cloned().collect();
            if problem.causes.is_empty() {
                problem.causes.push(failure.to_string());
            }
            Failure {
                failed: log.failed(),
                problem,
            }
        })
    }

    /// Holds systems that may be finished while the others are still being built.
    async fn hold_finished(&self, mut hosts: UnboundedReceiver<BTreeSet<HostName>>) {
        while let Some(mut asked) = hosts.recv().await {
            while let Ok(more) = hosts.try_recv() {
                asked.extend(more);
            }
            // An error here is no verdict: the check behind the build gives it.
            let _ = self.hold(&asked).await;
        }
    }

    async fn hold_what_is_there(&self) -> Result<(), Problem> {
        let hosts = self.open.borrow().keys().cloned().collect();
        self.hold(&hosts).await
    }

    /// Gives those of `hosts` their result whose system is in the store.
    async fn hold(&self, hosts: &BTreeSet<HostName>) -> Result<(), Problem> {
        let open: Vec<(HostName, Evaluated)> = {
            let open = self.open.borrow();
            let wanted = |host: &HostName| Some((host.clone(), open.get(host)?.clone()));
            hosts.iter().filter_map(wanted).collect()
        };
        let toplevels: Vec<_> = open.iter().map(|(_, e)| &e.toplevel).collect();
        let invalid = self.nix.invalid(&toplevels).await?;
        let there = open.into_iter().filter(|(_, e)| {
            !invalid
                .iter()
                .any(|path| path == e.toplevel.path().as_str())
        });
        futures::stream::iter(there)
            .for_each_concurrent(HOLDERS, |(host, evaluated)| async move {
                let toplevel = evaluated.toplevel;
                let held = self.nix.hold(&self.job.roots, &host, &toplevel).await;
                if self.open.borrow_mut().remove(&host).is_some() {
                    (self.found)(&host, held.map(|()| Built { toplevel }));
                }
            })
            .await;
        Ok(())
    }

    /// Gives hosts that need a failed derivation their problem; says how many there were.
    async fn blame(&self, failed: &[FailedDerivation]) -> usize {
        let mut blamed: BTreeMap<HostName, Vec<&FailedDerivation>> = BTreeMap::new();
        for failed in failed {
            let users = self.nix.users(&failed.derivation).await;
            for (host, evaluated) in self.open.borrow().iter() {
                if users.contains(evaluated.derivation.0.as_str()) {
                    blamed.entry(host.clone()).or_default().push(failed);
                }
            }
        }
        let count = blamed.len();
        for (host, failed) in blamed {
            let problem = self.nix.build_problem(&failed).await;
            self.open.borrow_mut().remove(&host);
            (self.found)(&host, Err(problem));
        }
        count
    }
}

/// Tells from the log of a build when a host's system may be finished.
///
/// Nix says which derivation begins, and that one more is finished, but up to 2.26 not which.
struct Watch {
    /// Hosts by derivation and by path of their system.
    hosts: BTreeMap<StorePath, Vec<HostName>>,
    begun: RefCell<BTreeSet<StorePath>>,
    finished: UnboundedSender<BTreeSet<HostName>>,
}

impl Watch {
    fn new(
        open: &BTreeMap<HostName, Evaluated>,
        finished: UnboundedSender<BTreeSet<HostName>>,
    ) -> Self {
        let mut hosts: BTreeMap<StorePath, Vec<HostName>> = BTreeMap::new();
        for (host, evaluated) in open {
            for path in [&evaluated.derivation.0, evaluated.toplevel.path()] {
                hosts.entry(path.clone()).or_default().push(host.clone());
            }
        }
        Self {
            hosts,
            begun: RefCell::default(),
            finished,
        }
    }

    fn see(&self, seen: Seen, log: &BuildLog, progress: &dyn Fn(BuildProgress)) {
        match seen {
            Seen::Progress(step) => return progress(step),
            Seen::Begun(path) => {
                if self.hosts.contains_key(&path) {
                    self.begun.borrow_mut().insert(path);
                }
            }
            Seen::Finished => {
                let begun = self.begun.borrow();
                let hosts: BTreeSet<HostName> = begun
                    .iter()
                    .filter_map(|path| self.hosts.get(path))
                    .flatten()
                    .cloned()
                    .collect();
                if !hosts.is_empty() {
                    // The other half may be gone only when the whole build is dropped.
                    let _ = self.finished.send(hosts);
                }
            }
        }
        progress(log.count());
    }
}

impl Nix {
    /// All derivations in the store that need this one, itself included. Empty when Nix does
    /// not say: then the build's own error stands for all hosts.
    async fn users(&self, derivation: &Derivation) -> BTreeSet<String> {
        let words = ["--query", "--referrers-closure", derivation.0.as_str()];
        let output = process::run(&self.nix_store(&words, self.limit)).await;
        let text = output.map(|output| output.text()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    async fn build_problem(&self, failed: &[&FailedDerivation]) -> Problem {
        let (first, others) = failed
            .split_first()
            .expect("a host is blamed for something");
        let derivation = &first.derivation.0;
        let message = format!("building {} failed", derivation_name(derivation));
        let log = match first.log.is_empty() {
            true => self.log_of(&first.derivation).await,
            false => first.log.clone(),
        };
        let mut problem = Problem::new(ProblemKind::Failed, message)
            .because(first.reason.clone())
            .with_log(log);
        for other in others.iter().take(OTHERS) {
            let name = derivation_name(&other.derivation.0);
            problem = problem.because(format!("building {name} failed, too: {}", other.reason));
        }
        if let Some(more @ 1..) = others.len().checked_sub(OTHERS) {
            problem = problem.because(format!("{more} more failed"));
        }
        problem.with_hint(advice(first))
    }

    /// The end of the log that the store keeps; empty when it keeps none.
    async fn log_of(&self, derivation: &Derivation) -> Vec<String> {
        let command = self.nix(&["log", derivation.0.as_str()], self.limit);
        let Ok(output) = process::run(&command).await else {
            return Vec::new();
        };
        let text = super::log::plain(&output.text());
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(20)..];
        tail.iter().map(|&line| line.to_owned()).collect()
    }
}

pub(super) fn advice(failed: &FailedDerivation) -> String {
    let reason = &failed.reason;
    let foreign = [
        "is required to build",
        "platform mismatch",
        "Required system",
    ];
    if foreign.iter().any(|words| reason.contains(words)) {
        return "this workstation cannot build for that system: set `builders` in nix.conf, or `boot.binfmt.emulatedSystems` on NixOS".into();
    }
    if reason.contains("No space left on device") {
        return "free space on this workstation: `nix-collect-garbage`".into();
    }
    format!("`nix log {}` shows the whole log", failed.derivation)
}

fn vanished() -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "the system was built but is not in the store",
    )
    .with_hint("was it garbage collected on this workstation meanwhile? deploy again")
}
