//! Brings what a host lacks of closures to it.

use std::sync::Arc;

use super::lane::{Held, Lane};
use super::limit::Share;
use super::missing::missing;
use super::sign::SigningKey;
use super::work::Work;
use super::{Closure, Depot};
use crate::adapter::ssh::Program;
use crate::model::{Copied, Problem, StorePath, Toplevel};
use crate::wire::daemon::Question;

/// What to send, and from where.
pub struct SendJob<'a> {
    /// The system whose closure it is.
    pub toplevel: &'a Toplevel,
    /// What the host shall have.
    pub closure: &'a Closure,
    /// What the host runs, where this workstation's store knows it.
    pub runs: Option<&'a Closure>,
    /// Whether the host may fetch from its own binary caches what they have.
    pub substitute: bool,
    /// The encoded paths.
    pub depot: &'a Arc<Depot>,
    /// Signs the paths, for a host that shall look at signatures.
    pub key: Option<&'a SigningKey>,
}

/// A daemon on a host, to which closures are brought. It was asked to protect all of them from the
/// host's garbage collector, and does while it lives.
pub struct Sender {
    first: Lane,
}

impl Sender {
    /// Begins with a daemon that was started.
    ///
    /// # Errors
    /// A [`Problem`] when contact is lost.
    pub async fn new(daemon: Program, share: &Arc<Share>) -> Result<Self, Problem> {
        let first = Lane::open(daemon, share).await?;
        Ok(Self { first })
    }

    /// Brings what is missing of a closure, and says what was sent. `open` starts further
    /// daemons beside the first one; they are gone by the end.
    ///
    /// # Errors
    /// A [`Problem`] with the paths that the host did not take, or why contact was lost. What
    /// arrived whole stays on the host; nothing more can be brought by this.
    // Dropped here, the channels close; the host keeps the paths that arrived whole.
    pub async fn bring(
        &self,
        job: &SendJob<'_>,
        open: impl AsyncFn() -> Result<Program, Problem>,
        progress: &dyn Fn(Copied),
    ) -> Result<Copied, Problem> {
        let missing = missing(&self.first, job).await?;
        let bytes: u64 = missing.iter().map(|info| info.nar_size).sum();
        let expected = Copied {
            expected_paths: Some(missing.len() as u64),
            nar_bytes: Some(0),
            expected_nar_bytes: Some(bytes),
            ..Copied::default()
        };
        progress(expected);
        if missing.is_empty() {
            return Ok(expected);
        }
        let work = Work::new(job, &self.first.share, missing, expected, progress);
        let done = work.all(&self.first, bytes, &open).await;
        let read = job.depot.read();
        tracing::debug!(read, "bytes read of the store so far, for all hosts");
        done?;
        work.end(job).await
    }

    /// Whether the daemon is still there. A path is asked about, whatever it is.
    pub async fn answers(&self, path: &StorePath) -> bool {
        self.first.ask(&[Question::IsValid(path)]).await.is_ok()
    }

    /// Says nothing for a while: the agent does not take the silence for a dead connection.
    ///
    /// # Errors
    /// A [`Problem`] when contact is lost.
    pub async fn rest(&self) -> Result<(), Problem> {
        self.first.rest().await
    }

    /// Keeps the daemon for what it protects.
    pub async fn hold(self) -> Held {
        // If the connection is lost, whoever uses it next is told.
        let _ = self.first.rest().await;
        self.first.hold()
    }
}
