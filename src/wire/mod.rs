//! Byte formats, no I/O: the messages between controller and agent, NARs, and the protocol of
//! the Nix daemon.

pub mod agent;
mod atom;
pub mod daemon;
pub mod nar;
pub mod receive;

pub use atom::AtomError;
