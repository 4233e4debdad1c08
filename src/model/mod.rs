//! The words of Nix, NixOS and phoenix as types. Pure: no I/O, no clock, no async.
//!
//! Text becomes one of these types once, at the edge; everything inside trusts them.

mod facts;
mod name;
mod order;
mod outcome;
mod problem;
mod reach;
mod run;
mod settings;
mod store;
mod system;

pub use facts::{DiskSpace, Facts, LockHolder, RunState, RunSummary};
pub use name::{HostName, NameError, Tag};
pub use order::{Order, Proof};
pub use outcome::{Outcome, Why};
pub use problem::{Hint, Problem, ProblemKind};
pub use reach::{Address, Elevation, Reach};
pub use run::{Nonce, RunId, RunIdError};
pub use settings::{
    ActivateSettings, BuildSettings, CopyEngine, CopySettings, EvalSettings, Parallel,
};
pub use store::{Derivation, Generation, StorePath, StorePathError, Toplevel};
pub use system::{Activation, Stage};
