//! Which version takes the place of which, where a closure holds several of a package.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::version;
use crate::model::{ChangeKind, VersionStep};

/// Pairs the versions that go with those that come: what is most alike first, in the order of
/// the versions among equals. What is left over only goes, or only comes.
pub(super) fn pair(gone: &BTreeSet<&str>, come: &BTreeSet<&str>) -> Vec<VersionStep> {
    let (gone, come) = (sorted(gone), sorted(come));
    let mut likely: Vec<_> = (0..gone.len())
        .flat_map(|from| (0..come.len()).map(move |to| (from, to)))
        .collect();
    likely.sort_by_key(|(from, to)| {
        let alike = version::likeness(gone[*from], come[*to]);
        (std::cmp::Reverse(alike), from.abs_diff(*to), *from)
    });
    let mut partner: Vec<Option<usize>> = vec![None; gone.len()];
    let mut is_taken = vec![false; come.len()];
    for (from, to) in likely {
        if partner[from].is_none() && !is_taken[to] {
            partner[from] = Some(to);
            is_taken[to] = true;
        }
    }
    let text = |version: &&str| (*version).to_owned();
    let pairs = gone.iter().zip(&partner).map(|(from, to)| VersionStep {
        from: Some(text(from)),
        to: to.map(|to| text(&come[to])),
    });
    let rest = come.iter().zip(&is_taken).filter(|(_, taken)| !**taken);
    let rest = rest.map(|(to, _)| VersionStep {
        from: None,
        to: Some(text(to)),
    });
    pairs.chain(rest).collect()
}

/// In which direction the versions of a package go that is there before and after.
pub(super) fn direction(steps: &[VersionStep]) -> ChangeKind {
    let both = steps
        .iter()
        .filter_map(|step| Some((step.from.as_deref()?, step.to.as_deref()?)));
    let mut found = both.map(|(from, to)| version::order(from, to));
    let first = found.next().flatten();
    match first.filter(|first| found.all(|other| other == Some(*first))) {
        Some(Ordering::Less) => ChangeKind::Upgraded,
        Some(Ordering::Greater) => ChangeKind::Downgraded,
        _ => ChangeKind::Changed,
    }
}

fn sorted<'a>(versions: &BTreeSet<&'a str>) -> Vec<&'a str> {
    let mut versions: Vec<&str> = versions.iter().copied().collect();
    versions.sort_by(|a, b| version::order(a, b).unwrap_or_else(|| a.cmp(b)));
    versions
}
