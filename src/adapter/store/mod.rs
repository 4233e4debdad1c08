//! The workstation's Nix store: what it knows of paths, read from its database without asking Nix.

mod closure;
mod daemon;
mod database;

use std::path::PathBuf;
use std::time::Duration;

pub use closure::Closure;

use crate::model::{Problem, ProblemKind, StorePath};

/// Limit for reading all that is known of a closure.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the store keeps what it knows.
#[derive(Clone, Debug)]
pub struct LocalStore {
    /// `/nix/var/nix`, or what `NIX_STATE_DIR` says.
    state: PathBuf,
}

impl LocalStore {
    /// The store whose state is in this folder.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self { state }
    }

    /// A path with all that it refers to.
    ///
    /// # Errors
    /// A [`Problem`] when neither the store's database nor its daemon can be asked, or the
    /// store does not hold the path.
    // Dropped here, a thread reads on for milliseconds and changes nothing.
    pub async fn closure(&self, of: &StorePath) -> Result<Closure, Problem> {
        let file = self.state.join("db/db.sqlite");
        let root = of.clone();
        let read = tokio::task::spawn_blocking(move || database::closure(&file, &root));
        let read = read
            .await
            .map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?;
        let infos = match read {
            Ok(infos) => infos,
            Err(error) => {
                tracing::debug!(%error, "the store's database cannot be read; asking its daemon");
                let socket = self.state.join("daemon-socket/socket");
                daemon::closure(&socket, of, LIMIT)
                    .await
                    .map_err(|problem| problem.because(error.to_string()))?
            }
        };
        if infos.iter().all(|info| info.path != *of) {
            return Err(Problem::new(
                ProblemKind::Failed,
                format!("{of} is not in this workstation's store"),
            )
            .because(format!("{} does not know it", self.state.display()))
            .with_hint(
                "set `engine = \"nix\"` in [defaults.copy] when Nix keeps its store elsewhere",
            ));
        }
        Closure::new(infos)
    }
}
