//! Why a copy failed, path by path.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::encode::damage;
use crate::adapter::nix::refused_by_store;
use crate::model::{PathInfo, Problem, ProblemKind, Toplevel};
use crate::wire::daemon::DaemonError;

/// Paths that are told of, and looked at for damage; the others are counted.
const TOLD: usize = 5;

/// The paths that a host did not take, by their numbers in the schedule.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// What went wrong with reading them here.
    unread: BTreeMap<usize, String>,
    /// What the host says.
    refused: BTreeMap<usize, (Arc<PathInfo>, String)>,
}

impl Failures {
    /// A path of this workstation's store could not be read as its database has it.
    pub(super) fn unread(&mut self, number: usize, how: String) {
        self.unread.insert(number, how);
    }

    /// The host did not take a path, for no other path's sake.
    pub(super) fn refused(&mut self, number: usize, info: Arc<PathInfo>, error: &DaemonError) {
        self.refused.insert(number, (info, error.to_string()));
    }

    /// What becomes of the copy.
    pub(super) async fn verdict(self, toplevel: &Toplevel) -> Result<(), Problem> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let damaged = self.damaged().await;
        let message = format!("copying {} failed", toplevel.path().short());
        let mut problem = Problem::new(ProblemKind::Failed, message);
        if !damaged.is_empty() {
            problem = problem.because("paths of this workstation's store are damaged");
            for told in damaged {
                problem = problem.because(told);
            }
            return Err(problem
                .with_hint("`nix-store --verify --check-contents --repair` on this workstation"));
        }
        let errors: Vec<String> = self.refused.into_values().map(|(_, said)| said).collect();
        problem = refused_by_store(problem, &errors);
        if errors.len() > 1 {
            problem = problem.because(format!("{} paths were not taken", errors.len()));
        }
        Err(problem)
    }

    /// What is wrong with refused paths here, rather than on the host.
    async fn damaged(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (number, (info, _)) in self.refused.iter().take(TOLD) {
            let how = match self.unread.get(number) {
                Some(how) => Some(how.clone()),
                None => {
                    let info = Arc::clone(info);
                    // A thread that ended badly knows nothing.
                    let looked = tokio::task::spawn_blocking(move || damage(&info)).await;
                    looked.unwrap_or_default()
                }
            };
            found.extend(how.map(|how| format!("{}: {how}", info.path)));
        }
        found
    }
}
