//! fleet.toml becomes a checked `Fleet`; selectors; defaults filled in once.
//!
//! Pure: the caller reads files and terminals, and passes text and values in.
//! Format: docs/reference/fleet-toml.md and docs/reference/selectors.md.

mod address;
mod compare;
mod error;
mod flake;
mod header;
mod health;
mod host;
mod identity;
mod layer;
mod near;
mod parse;
mod schema;
mod select;
mod spec;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub use address::is_address;
pub use compare::{Finding, against_flake, against_outline};
pub use error::{Fault, FleetError, FleetErrors};
pub use identity::{identity, identity_text, is_machine_id};
pub use parse::{ParseContext, parse};
pub use select::{SelectError, Selector, names_from_lines};
pub use spec::{AttributePattern, FlakeSource, Fleet, HostSpec, Offline};
pub use value::duration_from;
