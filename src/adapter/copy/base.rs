//! Which older path a new one is most like.

use std::collections::HashMap;
use std::sync::Arc;

use super::encode::Base;
use crate::model::{PathInfo, StorePath};

/// A path so much smaller than the new one has little to give.
const SMALLEST: u64 = 8;

/// The paths that both the host and this workstation have.
#[derive(Debug, Default)]
pub(super) struct Bases {
    by_name: HashMap<String, Vec<Arc<Base>>>,
    by_package: HashMap<(String, String), Vec<Arc<Base>>>,
}

impl Bases {
    /// Of the paths that the host runs.
    pub(super) fn of(paths: &[Arc<PathInfo>]) -> Self {
        let mut bases = Self::default();
        for info in paths {
            let base = Arc::new(Base {
                path: info.path.clone(),
                nar_size: info.nar_size,
            });
            let name = info.path.name();
            let named = bases.by_name.entry(name.to_owned()).or_default();
            named.push(Arc::clone(&base));
            bases
                .by_package
                .entry(package(name))
                .or_default()
                .push(base);
        }
        bases
    }

    /// Those of the same name or, where there are none, of the same package and output.
    fn kin(&self, path: &StorePath) -> Option<&Vec<Arc<Base>>> {
        let named = self.by_name.get(path.name());
        named.or_else(|| self.by_package.get(&package(path.name())))
    }

    /// Whether there is one of the same package and output.
    pub(super) fn has_kin(&self, path: &StorePath) -> bool {
        self.kin(path).is_some()
    }

    /// The one that a new path is most like, by name and by size.
    pub(super) fn like(&self, info: &PathInfo) -> Option<Arc<Base>> {
        let found = self.kin(&info.path)?;
        let nearest = found
            .iter()
            .min_by_key(|base| base.nar_size.abs_diff(info.nar_size))?;
        let is_worth = nearest.nar_size.saturating_mul(SMALLEST) >= info.nar_size;
        is_worth.then(|| Arc::clone(nearest))
    }
}

/// The package of a store path's name, and its output: what is left of `openssl-3.0.14-bin`
/// without the version, as `builtins.parseDrvName` finds it: it begins with the first part that does not begin with a letter.
fn package(name: &str) -> (String, String) {
    let mut parts = name.split('-');
    let is_version = |part: &str| !part.starts_with(|first: char| first.is_ascii_alphabetic());
    let first = parts.next().unwrap_or_default();
    let mut package = first.to_owned();
    let mut output = String::new();
    let mut is_after = false;
    for part in parts {
        is_after |= is_version(part);
        match is_after {
            false => {
                package.push('-');
                package.push_str(part);
            }
            // The last part after the version that is a word.
            true if is_version(part) => output.clear(),
            true => part.clone_into(&mut output),
        }
    }
    (package, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(hash: char, name: &str, nar_size: u64) -> Arc<PathInfo> {
        let path = format!("/nix/store/{}-{name}", String::from(hash).repeat(32));
        Arc::new(PathInfo {
            path: StorePath::new(path).unwrap(),
            nar_size,
            ..PathInfo::sample(name, &[])
        })
    }

    #[test]
    fn names_are_taken_apart_as_nix_does() {
        for (name, parts) in [
            ("openssl-3.0.14-bin", ("openssl", "bin")),
            ("openssl-3.0.14", ("openssl", "")),
            ("gcc-wrapper-13.2.0", ("gcc-wrapper", "")),
            (
                "nixos-system-web1-25.05.20250601.abc",
                ("nixos-system-web1", ""),
            ),
            ("hello", ("hello", "")),
            ("foo-unstable-2024-01-01-man", ("foo-unstable", "man")),
            ("unit-nginx.service", ("unit-nginx.service", "")),
        ] {
            let (package, output) = package(name);
            assert_eq!((package.as_str(), output.as_str()), parts, "{name}");
        }
    }

    #[test]
    fn the_same_name_goes_before_the_same_package_and_the_nearest_size_before_others() {
        let old = [
            info('a', "glibc-2.39", 100),
            info('b', "glibc-2.39", 900),
            info('c', "glibc-2.39-bin", 90),
            info('d', "zlib-1.3", 1),
        ];
        let bases = Bases::of(&old);
        let like = |name: &str, size: u64| {
            let base = bases.like(&info('z', name, size));
            base.map(|base| base.path.hash()[..1].to_owned())
        };
        assert_eq!(like("glibc-2.39", 800).as_deref(), Some("b"));
        assert_eq!(like("glibc-2.40", 120).as_deref(), Some("a"));
        assert_eq!(like("glibc-2.40-bin", 120).as_deref(), Some("c"));
        assert_eq!(like("glibc-2.40-dev", 120), None);
        assert_eq!(like("zlib-1.4", 9), None);
        assert_eq!(like("bash-5", 9), None);
        let kin = |name: &str| bases.has_kin(&info('z', name, 1).path);
        assert!(kin("glibc-2.40-bin") && !kin("glibc-2.40-dev") && !kin("gcc-14"));
    }
}
