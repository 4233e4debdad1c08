//! What activation leaves and the proof takes.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Order, Stage};

/// How long a host is asked for its verdict beyond its own deadlines.
pub(super) const GRACE: Duration = Duration::from_secs(60);

/// A system that is active but neither proven nor kept. Whoever holds it must either confirm
/// it or leave it to the host's timer.
#[must_use]
pub(super) struct Unconfirmed {
    pub(super) order: Order,
    /// The boot in which the run began.
    pub(super) boot_id: String,
    /// Until when the host is asked for its verdict.
    pub(super) ask_until: Cell<Instant>,
    /// When its health gates were first looked at: a broken connection does not begin their
    /// deadlines anew.
    pub(super) gates_began: Cell<Option<Instant>>,
    /// The stage in which contact would be lost.
    pub(super) stage: Stage,
}
