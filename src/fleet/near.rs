//! Finds what was probably meant, and lists what could have been.

/// The candidate nearest to what was written, if it is near enough to be a slip of the hand.
pub(super) fn nearest<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let written = written.to_lowercase();
    let allowed = (written.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::osa_distance(&written, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Words joined with commas; long lists are cut, and say so.
pub(super) fn listed<'c>(words: impl IntoIterator<Item = &'c str>) -> String {
    const SHOWN: usize = 12;
    let words: Vec<&str> = words.into_iter().collect();
    let shown = words.iter().take(SHOWN).copied().collect::<Vec<_>>();
    match words.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A hint that names the nearest word, then all that are valid.
pub(super) fn suggest(written: &str, what: &str, valid: &[&str]) -> String {
    let list = format!("valid {what}: {}", listed(valid.iter().copied()));
    match nearest(written, valid.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {list}"),
        None => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_not_more() {
        let keys = ["addresses", "profile", "tags"];
        for (written, expected) in [
            ("adresses", Some("addresses")),
            ("Tags", Some("tags")),
            ("tgas", Some("tags")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, keys), expected, "{written}");
        }
    }

    #[test]
    fn cuts_long_lists() {
        let many = vec!["a"; 14];
        assert!(listed(many).ends_with("a, a and 2 more"));
        assert_eq!(listed(["a", "b"]), "a, b");
    }
}
