//! The workstation's Nix store: what it knows of paths, read from its database without asking Nix.

mod closure;
mod daemon;
mod database;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Mutex;

pub use closure::Closure;

use crate::model::{Derivation, Problem, ProblemKind, StorePath};

/// Limit for reading all that is known of a closure.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the store keeps what it knows.
#[derive(Clone, Debug)]
pub struct LocalStore {
    /// `/nix/var/nix`, or what `NIX_STATE_DIR` says.
    state: PathBuf,
    /// Closures that are in use, by their roots: hosts may have one system.
    closures: Arc<Mutex<HashMap<StorePath, Weak<Closure>>>>,
}

impl LocalStore {
    /// The store whose state is in this folder.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self {
            state,
            closures: Arc::default(),
        }
    }

    /// A path with all that it refers to.
    ///
    /// # Errors
    /// A [`Problem`] when neither the store's database nor its daemon can be asked, or the
    /// store does not hold the path.
    // Dropped here, a thread reads on for milliseconds and changes nothing.
    pub async fn closure(&self, of: &StorePath) -> Result<Arc<Closure>, Problem> {
        // Held while it is read: who wants the same meanwhile gets it then.
        let mut closures = self.closures.lock().await;
        if let Some(closure) = closures.get(of).and_then(Weak::upgrade) {
            return Ok(closure);
        }
        let closure = Arc::new(self.read(of).await?);
        closures.retain(|_, closure| closure.strong_count() > 0);
        closures.insert(of.clone(), Arc::downgrade(&closure));
        Ok(closure)
    }

    async fn read(&self, of: &StorePath) -> Result<Closure, Problem> {
        let root = of.clone();
        let infos = match self
            .look(move |file| database::closure(file, &[root]))
            .await?
        {
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

    /// What was built so far of a derivation and of all that it needs. Nothing where the
    /// store's database may not be read: this is for those who can do without.
    pub async fn built(&self, derivation: &Derivation) -> Vec<StorePath> {
        let root = derivation.0.clone();
        let built = self.look(move |file| database::built(file, &root)).await;
        built.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Paths with all that they refer to; those that are not in the store are left out.
    ///
    /// # Errors
    /// A [`Problem`] when the store's database cannot be read, or is damaged.
    pub async fn closure_of(&self, roots: Vec<StorePath>) -> Result<Closure, Problem> {
        let infos = self
            .look(move |file| database::closure(file, &roots))
            .await?;
        Closure::new(infos.map_err(|error| Problem::from_error(ProblemKind::Failed, &error))?)
    }

    /// Looks into the database on a thread of its own.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Path) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let file = self.state.join("db/db.sqlite");
        let looked = tokio::task::spawn_blocking(move || look(&file)).await;
        looked.map_err(|error| Problem::from_error(ProblemKind::Failed, &error))
    }
}
