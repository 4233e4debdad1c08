//! The words of Nix, NixOS and phoenix as types. Pure: no I/O, no clock, no async.
//!
//! Text becomes one of these types once, at the edge; everything inside trusts them.

pub mod clock;
mod contents;
mod copied;
mod day;
mod delta;
mod facts;
mod health;
mod hold;
mod identity;
mod name;
mod option;
mod order;
mod outcome;
mod package;
mod path_info;
mod posture;
mod problem;
mod reach;
mod run;
mod settings;
mod store;
mod story;
mod system;
mod url;

pub use contents::{Contents, Inspection, LiveUnits, Survey};
pub use copied::Copied;
pub use day::Day;
pub use delta::{ClosureChange, Delta, SettingChange, Topic, UnitChanges};
pub use facts::{DiskSpace, Facts, GenerationDate, LockHolder, RunState, RunSummary};
pub use health::{
    AskedFrom, Gate, GateKind, GateResult, HOST_PLACE, Level, Observation, SSH, SYSTEMD, accepted,
    accepts,
};
pub use hold::{Hold, REASON_LIMIT, who};
pub use identity::{Identity, Origin};
pub use name::{GateName, HostName, NameError, Tag};
pub use option::{Definition, Explained, ExplainedOption, Layer, OptionPath, PathFault};
pub use order::{Mode, OnInhibitor, OnStranded, Order, Proof};
pub use outcome::{Outcome, Why};
pub use package::{ChangeKind, ClosureSizes, PackageChange, VersionStep};
pub use path_info::{NarHash, NarHashError, PathInfo};
pub use posture::{Control, Declared, Deviation, Exception, Judged, NoDay, Standing, Written};
pub use problem::{Hint, Problem, ProblemKind};
pub use reach::{Address, Elevation, Reach};
pub use run::{Nonce, RunId, RunIdError};
pub use settings::{
    ActivateSettings, Bandwidth, BuildSettings, CopyEngine, CopySettings, EvalSettings, Parallel,
};
pub use store::{Derivation, Generation, StorePath, StorePathError, Toplevel};
pub use story::{Story, StoryDecision, StoryLog, StoryStep, Verdict};
pub use system::{Activation, Stage, exit_hint, exit_meaning};
pub use url::{HttpUrl, UrlError};
