//! The fleet code that this program carries: what `build.rs` found in the repository.

/// Path below the fleet's folder and text of each file, sorted by path.
pub(super) const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// The fleet profiles among them.
pub(super) fn profiles() -> Vec<&'static str> {
    let name = |(path, _): &(&'static str, &str)| {
        let file = path.strip_prefix("profiles/")?;
        file.strip_suffix(".nix").filter(|name| !name.contains('/'))
    };
    FILES.iter().filter_map(name).collect()
}
