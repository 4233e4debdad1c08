//! Nix on the workstation: evaluates, builds, holds and copies systems with its own programs.
//!
//! Only forms that Nix 2.8, 2.26 and 2.34 share are used, and only output made for machines
//! is read; what is prose all the same (error messages) has a recorded line for each of the
//! three in tests/fixtures/nix.

mod build;
mod build_log;
mod copy;
mod each;
mod error;
mod evaluate;
mod evaluate_log;
mod explain;
mod groups;
mod job;
mod log;
mod option;
mod outline;
mod posture;
mod roots;
mod survey;
#[cfg(test)]
mod tests;
mod value;
mod version;

use std::collections::BTreeMap;
use std::time::Duration;

pub use build::BuildJob;
pub use copy::{CopyJob, refused_by_store, with_daemon_log};
pub use error::NixError;
pub use job::EvalJob;
pub use outline::Outline;
pub use roots::root_of;
pub use survey::{SurveyKind, Surveyed};
pub use version::Version;

use super::process::{self, Command};

/// Features of Nix that its own documents call experimental and that flakes need.
const FEATURES: &str = "nix-command flakes";

/// The oldest Nix that phoenix was tried with.
const OLDEST: (u32, u32) = (2, 8);

/// The Nix of this workstation.
#[derive(Clone, Debug)]
pub struct Nix {
    version: Version,
    /// `--option name value`, for every call.
    options: Vec<String>,
    /// Limit for what only asks: version, validity, references.
    limit: Duration,
    /// Whether a flake without flake.lock gets one.
    locks: bool,
}

impl Nix {
    /// Finds Nix and reads its version. `options` are set in every call; `limit` is for calls
    /// that only ask something.
    ///
    /// # Errors
    /// [`NixError`] when there is no Nix, it does not answer, or it is older than 2.8.
    pub async fn detect(
        options: BTreeMap<String, String>,
        limit: Duration,
    ) -> Result<Self, NixError> {
        let output = process::run(&Command::new("nix", limit).arg("--version"))
            .await
            .map_err(NixError::Start)?;
        let text = output.text();
        let version = Version::parse(&text).ok_or(NixError::NoVersion(text))?;
        if !version.is_at_least(OLDEST.0, OLDEST.1) {
            return Err(NixError::TooOld(version));
        }
        let option = |(name, value)| ["--option".to_owned(), name, value];
        Ok(Self {
            version,
            options: options.into_iter().flat_map(option).collect(),
            limit,
            locks: true,
        })
    }

    /// The same Nix, which leaves a flake without flake.lock as it is.
    #[must_use]
    pub fn without_locking(mut self) -> Self {
        self.locks = false;
        self
    }

    /// The version found.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// `nix <words>`, with its features and options.
    fn nix(&self, words: &[&str], limit: Duration) -> Command {
        Command::new("nix", limit)
            .args(["--extra-experimental-features", FEATURES])
            .args(words.iter().copied())
            .args(self.options.iter().cloned())
    }

    /// `nix-store <words>`, with the options. Its forms are older and steadier than those of
    /// `nix`: they have stayed the same in every version supported.
    fn nix_store(&self, words: &[&str], limit: Duration) -> Command {
        Command::new("nix-store", limit)
            .args(words.iter().copied())
            .args(self.options.iter().cloned())
    }
}
