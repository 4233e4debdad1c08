//! A closure in the order in which a store can take it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{PathInfo, Problem, ProblemKind, StorePath};

/// A path with all that it refers to, each after what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure(Vec<Arc<PathInfo>>);

impl Closure {
    /// Puts paths in order.
    ///
    /// # Errors
    /// A [`Problem`] when one refers to a path that is not among them, or two need each other.
    pub(super) fn new(infos: Vec<PathInfo>) -> Result<Self, Problem> {
        let all: BTreeMap<StorePath, Arc<PathInfo>> = infos
            .into_iter()
            .map(|info| (info.path.clone(), Arc::new(info)))
            .collect();
        let mut order = Order {
            all: &all,
            states: BTreeMap::new(),
            done: Vec::with_capacity(all.len()),
        };
        for info in all.values() {
            order.visit(info)?;
        }
        Ok(Self(order.done))
    }

    /// The paths, each after what it needs.
    #[must_use]
    pub fn paths(&self) -> &[Arc<PathInfo>] {
        &self.0
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Begun,
    Done,
}

struct Order<'a> {
    all: &'a BTreeMap<StorePath, Arc<PathInfo>>,
    states: BTreeMap<&'a StorePath, State>,
    done: Vec<Arc<PathInfo>>,
}

impl<'a> Order<'a> {
    /// Puts a path after what it needs. Chains of references may be long: no recursion.
    fn visit(&mut self, root: &'a Arc<PathInfo>) -> Result<(), Problem> {
        let mut stack = vec![root];
        while let Some(info) = stack.last().copied() {
            match self.states.insert(&info.path, State::Begun) {
                Some(State::Done) => {
                    self.states.insert(&info.path, State::Done);
                    stack.pop();
                    continue;
                }
                // All that it needs came after it on the stack, and is done.
                Some(State::Begun) => {
                    self.states.insert(&info.path, State::Done);
                    self.done.push(Arc::clone(info));
                    stack.pop();
                    continue;
                }
                None => {}
            }
            for path in info.needs() {
                let needed = self.all.get(path).ok_or_else(|| damaged(info, path))?;
                match self.states.get(path) {
                    None => stack.push(needed),
                    Some(State::Done) => {}
                    Some(State::Begun) => return Err(damaged(info, path)),
                }
            }
        }
        Ok(())
    }
}

fn damaged(info: &PathInfo, path: &StorePath) -> Problem {
    Problem::new(
        ProblemKind::Failed,
        "the database of this workstation's store is damaged",
    )
    .because(format!(
        "{} refers to {path}, which it does not hold, or which refers back to it",
        info.path
    ))
    .with_hint("`nix-store --verify --check-contents` on this workstation")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn infos(graph: &[(&str, &[&str])]) -> Vec<PathInfo> {
        let info = |(name, needs): &(&str, &[&str])| PathInfo::sample(name, needs);
        graph.iter().map(info).collect()
    }

    #[test]
    fn each_path_comes_after_what_it_needs() {
        let graph: &[(&str, &[&str])] = &[
            ("a", &["a", "b", "c"]),
            ("b", &["d"]),
            ("c", &["b", "d"]),
            ("d", &[]),
        ];
        let closure = Closure::new(infos(graph)).unwrap();
        let mut seen = BTreeSet::new();
        for info in closure.paths() {
            assert!(
                info.needs().all(|path| seen.contains(path)),
                "{}",
                info.path
            );
            seen.insert(info.path.clone());
        }
        assert_eq!(seen.len(), 4);
    }

    #[test]
    fn long_chains_need_no_stack() {
        let mut infos = infos(&[("n0", &[])]);
        for number in 1..20_000 {
            let (name, before) = (format!("n{number}"), format!("n{}", number - 1));
            infos.push(PathInfo::sample(&name, &[before.as_str()]));
        }
        infos.reverse();
        assert_eq!(Closure::new(infos).unwrap().paths().len(), 20_000);
    }

    #[test]
    fn gaps_and_circles_are_told() {
        let gap: &[(&str, &[&str])] = &[("a", &["b"])];
        let circle: &[(&str, &[&str])] = &[("a", &["b"]), ("b", &["c"]), ("c", &["a"])];
        for graph in [gap, circle] {
            let problem = Closure::new(infos(graph)).unwrap_err();
            assert!(problem.message.contains("damaged"), "{problem:?}");
        }
    }
}
