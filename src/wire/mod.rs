//! Byte formats, no I/O: the messages between controller and agent.

pub mod agent;
