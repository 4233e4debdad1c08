//! Everything that is tested from outside the modules, in one binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say so and end"
)]

mod archive;
mod cli;
mod daemon;
mod dice;
mod docs;
mod errors;
mod layering;
mod nix;
mod rules;
mod scenarios;
mod snapshot;
mod ssh;
mod store;
mod tidy;
