//! The real world: processes, Nix, SSH. The only module that reaches out of the program.

pub mod agents;
pub mod copy;
pub mod git;
pub mod link;
pub mod nix;
mod page;
pub mod process;
pub mod ssh;
pub mod store;
mod workstation;

pub use workstation::{HostSetup, Workstation};
