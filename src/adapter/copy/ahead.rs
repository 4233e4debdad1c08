//! Which paths may go to a host before all of its new system is built.

use std::collections::BTreeSet;

use super::Closure;
use super::base::Bases;
use crate::model::StorePath;

/// Of what was built for a system, the paths that it will most likely refer to. Most of what a
/// build needs is no part of what comes out, and that is known only in the end; but a host that
/// runs a package will hardly do without its next version.
#[must_use]
pub fn likely(built: Vec<StorePath>, runs: &Closure) -> Vec<StorePath> {
    let there: BTreeSet<&StorePath> = runs.paths().iter().map(|info| &info.path).collect();
    let bases = Bases::of(runs.paths());
    let is_likely = |path: &StorePath| !there.contains(path) && bases.has_kin(path);
    built.into_iter().filter(is_likely).collect()
}
