//! What happens in a run, as values. The engine emits them; journal and ui read them.
//!
//! [`StepEvent`]s are never dropped and are what the journal records. [`ProgressEvent`]s may
//! be thinned out and are never recorded. The JSON form of step events is an interface:
//! readers must accept variants and fields they do not know.

mod progress;
mod step;

pub use progress::ProgressEvent;
pub use step::{HostPlanned, HostResult, StepEvent, VERSION};

/// Either kind, on its way to the readers.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A step.
    Step(StepEvent),
    /// Progress within a step.
    Progress(ProgressEvent),
}
