//! phoenix against real hosts: what it says, and what the hosts themselves say.
//!
//! Run by `./check hosts`, which builds phoenix and starts the hosts; by hand:
//! `scripts/build dev && tests/lab/lab up 4 && cargo test --test hosts -- --test-threads 1`.
//! One test at a time: they share the hosts.

mod boot;
mod caches;
mod clock;
mod command;
mod copying;
mod deploying;
mod faults;
mod health;
mod identity;
mod interrupted;
mod lab;
mod locks;
mod matrix;
mod phoenix;
mod reading;
mod recovery;
mod room;
mod signing;
mod stranded;
