//! phoenix: a push-model fleet deployment controller for NixOS.
//!
//! The modules stand in dependency order, which is also the reading order; each may use only
//! those that docs/architecture.md allows it, and a test holds that table.

pub mod model;

#[cfg(feature = "controller")]
pub mod event;

pub mod wire;

pub mod archive;

pub mod inspect;

#[cfg(feature = "controller")]
pub mod adapter;
#[cfg(feature = "controller")]
pub mod engine;
#[cfg(feature = "controller")]
pub mod fleet;
#[cfg(feature = "controller")]
pub mod journal;
#[cfg(feature = "controller")]
pub mod plan;
#[cfg(feature = "controller")]
pub mod ui;
#[cfg(feature = "controller")]
pub mod world;

pub mod agent;

#[cfg(feature = "controller")]
pub mod cli;
