//! Holds built systems against garbage collection, one root a host.

use std::path::{Path, PathBuf};

use super::Nix;
use super::log::{Line, one_line};
use crate::adapter::process;
use crate::model::{HostName, Problem, ProblemKind, Toplevel};

/// Where the root of a host is, in the folder of roots: the link `nix-store` makes and renews.
#[must_use]
pub fn root_of(roots: &Path, host: &HostName) -> PathBuf {
    // The prefix keeps a host named `.` or `..` from being a folder.
    roots.join(format!("host-{host}"))
}

impl Nix {
    /// Which of these paths the store does not hold.
    ///
    /// # Errors
    /// What Nix says when it cannot read its store.
    pub(super) async fn invalid(&self, wanted: &[&Toplevel]) -> Result<Vec<String>, Problem> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let words = ["--check-validity", "--print-invalid"];
        let command = self
            .nix_store(&words, self.limit)
            .args(wanted.iter().map(|toplevel| toplevel.path().as_str()));
        let output = process::run(&command)
            .await
            .map_err(|failure| failure.problem())?;
        Ok(output.text().lines().map(str::to_owned).collect())
    }

    /// Makes a root for a system that the store holds. `nix-store` registers the link with
    /// the store first and makes it then, so there is no gap in which it could be collected.
    pub(super) async fn hold(
        &self,
        roots: &Path,
        host: &HostName,
        toplevel: &Toplevel,
    ) -> Result<(), Problem> {
        let root = root_of(roots, host);
        let message = format!("the system of {host} could not be held in the store");
        let text = root.to_str().ok_or_else(|| {
            Problem::new(ProblemKind::Failed, message.clone())
                .because(format!("{} is not UTF-8", root.display()))
        })?;
        // `--indirect` is what every version from 2.4 on does by itself.
        let words = ["--realise", toplevel.path().as_str(), "--add-root", text];
        let command = self
            .nix_store(&words, self.limit)
            .args(["--log-format", "internal-json"]);
        let mut error = None;
        let result = process::run_with(&command, &mut |line| {
            if let Some(text) = Line::read(line).and_then(|line| line.error()) {
                error = Some(one_line(&text));
            }
        })
        .await;
        let Err(failure) = result else { return Ok(()) };
        Err(Problem::new(ProblemKind::Failed, message)
            .because(error.unwrap_or_else(|| failure.to_string()))
            .with_hint(format!(
                "is {} writable, and no file or folder?",
                root.display()
            )))
    }
}
