//! Why a copy failed, path by path.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::encode::damage;
use super::sign::SigningKey;
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
        // Of the others it is enough to know that they are some.
        let is_told = self.refused.len() < TOLD;
        let said = if is_told {
            error.to_string()
        } else {
            String::new()
        };
        self.refused.insert(number, (info, said));
    }

    /// What becomes of the copy.
    pub(super) async fn verdict(
        self,
        toplevel: &Toplevel,
        key: Option<&SigningKey>,
    ) -> Result<(), Problem> {
        if self.refused.is_empty() {
            return Ok(());
        }
        let damaged = self.damaged().await;
        let message = format!("copying {} failed", toplevel.path().short());
        let mut problem = Problem::new(ProblemKind::Failed, message);
        if !damaged.is_empty() {
            problem =
                problem.because("paths of this workstation's store are damaged, or cannot be read");
            for told in damaged {
                problem = problem.because(told);
            }
            return Err(problem
                .with_hint("`nix-store --verify --check-contents --repair` on this workstation"));
        }
        let count = self.refused.len();
        let said = self.refused.into_values().map(|(_, said)| said);
        let errors: Vec<String> = said.filter(|said| !said.is_empty()).collect();
        problem = match key.filter(|_| lack_signatures(&errors)) {
            Some(key) => untrusted(problem, key, errors),
            None => refused_by_store(problem, &errors),
        };
        if count > 1 {
            problem = problem.because(format!("{count} paths were not taken"));
        }
        Err(problem)
    }

    /// What is wrong with refused paths here, rather than on the host.
    async fn damaged(&self) -> Vec<String> {
        let mut found = Vec::new();
        // Those that gave trouble when they were read go first.
        let mut looked_at: Vec<_> = self.refused.iter().collect();
        looked_at.sort_by_key(|(number, _)| !self.unread.contains_key(number));
        for (number, (info, _)) in looked_at.into_iter().take(TOLD) {
            let path = Arc::clone(info);
            // A thread that ended badly knows nothing.
            let looked = tokio::task::spawn_blocking(move || damage(&path)).await;
            // What went wrong before is told also if it does not now: the host is not to blame.
            let before = self.unread.get(number).cloned();
            let how = looked.unwrap_or_default().or(before);
            found.extend(how.map(|how| format!("{}: {how}", info.path)));
        }
        found
    }
}

/// Whether a daemon says that it wants other signatures, in the words of Nix 2.8 and of later ones.
fn lack_signatures(errors: &[String]) -> bool {
    let words = [
        "lacks a signature by a trusted key",
        "lacks a valid signature",
    ];
    let lacks = |error: &String| words.iter().any(|word| error.contains(word));
    errors.iter().any(lacks)
}

/// The host takes nothing that this key signed.
fn untrusted(mut problem: Problem, key: &SigningKey, errors: Vec<String>) -> Problem {
    problem.kind = ProblemKind::Refused;
    problem
        .because("the host's Nix daemon does not trust the key of `signing_key`")
        .because(errors.first().cloned().unwrap_or_default())
        .with_hint(format!(
            "put it in `nix.settings.trusted-public-keys` of the host: {}",
            key.public()
        ))
        .with_log(errors)
}
