//! phoenix's own way to bring closures to hosts: the protocol of the Nix daemon, spoken over
//! channels of the connection that is there anyway, with the agent before the daemon.
//!
//! What a host lacks is found out in one round trip. Paths are sent without waiting for one
//! another, each as soon as all that it needs is there or under way on the same channel, and the host's daemon
//! answers each by itself: an error costs the path that it is about, and those that need it.
//! See docs/design/0011-copy-engine.md.

mod ahead;
mod base;
mod depot;
mod encode;
mod failure;
mod fetch;
mod lane;
mod limit;
mod missing;
mod own;
mod pace;
mod room;
mod schedule;
mod sender;
mod sign;
mod source;
#[cfg(test)]
mod tests;
mod work;
mod write;

pub use ahead::likely;
pub use depot::Depot;
pub use lane::{Held, daemon_ended};
pub use limit::{Share, Total};
pub use sender::{SendJob, Sender};
pub use sign::{SigningKey, SigningKeys};

use super::store::Closure;
