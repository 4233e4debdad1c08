//! What activation leaves and the proof takes.

use tokio::time::Instant;

use crate::model::{Order, Stage};

/// A system that is active but neither proven nor kept. Whoever holds it must either confirm
/// it or leave it to the host's timer.
#[must_use]
pub(super) struct Unconfirmed {
    pub(super) order: Order,
    /// Until when the host is asked for its verdict.
    pub(super) ask_until: Instant,
    /// The stage in which contact would be lost.
    pub(super) stage: Stage,
}
