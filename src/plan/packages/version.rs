//! Which of two versions is newer.

use std::cmp::Ordering;

use super::name::is_commit;

/// Compares versions as Nix does (`builtins.compareVersions`; Nix manual, "Built-in
/// Functions"): part by part, numbers as numbers, `pre` before nothing, nothing before all else.
/// Unlike there, `_`, `+` and `=` separate as dots do. `None` when what differs are hashes of commits, of which none is newer.
#[must_use]
pub(super) fn order(a: &str, b: &str) -> Option<Ordering> {
    let (mut left, mut right) = (parts(a), parts(b));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Some(Ordering::Equal),
            (x, y) => {
                let (x, y) = (x.unwrap_or_default(), y.unwrap_or_default());
                if x != y && is_commit(x.whole) && is_commit(y.whole) {
                    return None;
                }
                let found = compare(x.text, y.text);
                if found != Ordering::Equal {
                    return Some(found);
                }
            }
        }
    }
}

/// How many parts two versions have in common at their beginning.
pub(super) fn likeness(a: &str, b: &str) -> usize {
    let same = |(a, b): &(Part<'_>, Part<'_>)| a.text == b.text;
    parts(a).zip(parts(b)).take_while(same).count()
}

/// A part of a version, and what stands between the separators around it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Part<'a> {
    text: &'a str,
    whole: &'a str,
}

/// Runs of digits and runs of other characters; dots, dashes and the like only separate.
fn parts(version: &str) -> impl Iterator<Item = Part<'_>> {
    let separates = |c: char| matches!(c, '.' | '-' | '_' | '+' | '=');
    let wholes = version.split(separates).filter(|whole| !whole.is_empty());
    wholes.flat_map(|whole| {
        let mut rest = whole;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != first);
            let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            Some(Part { text, whole })
        })
    })
}

fn compare(a: &str, b: &str) -> Ordering {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    match (number(a), number(b)) {
        (true, true) => by_number(a, b),
        _ if a == b => Ordering::Equal,
        // A pre-release comes before what it leads to.
        _ if a == "pre" => Ordering::Less,
        _ if b == "pre" => Ordering::Greater,
        (true, false) if b.is_empty() => Ordering::Greater,
        (false, true) if a.is_empty() => Ordering::Less,
        // Letters come before numbers: 1.0rc before 1.0.1.
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => a.cmp(b),
    }
}

/// However long: without leading zeros, the longer number is the greater.
fn by_number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_nix_orders_them() {
        // Each line as `nix eval --expr 'builtins.compareVersions a b'` says.
        for (a, b, expected) in [
            ("1.0", "2.3", Ordering::Less),
            ("2.1", "2.3", Ordering::Less),
            ("2.3", "2.3", Ordering::Equal),
            ("2.5", "2.3", Ordering::Greater),
            ("3.1", "2.3", Ordering::Greater),
            ("2.3.1", "2.3", Ordering::Greater),
            ("2.3.1", "2.3a", Ordering::Greater),
            ("2.3pre1", "2.3", Ordering::Less),
            ("2.3pre3", "2.3pre12", Ordering::Less),
            ("2.3a", "2.3c", Ordering::Less),
            ("2.3pre1", "2.3c", Ordering::Less),
            ("2.3pre1", "2.3q", Ordering::Less),
            ("2.3", "2.3c", Ordering::Less),
            ("3.9", "3.10", Ordering::Less),
            ("2024a", "2024b", Ordering::Less),
            ("9.7p1", "9.8p1", Ordering::Less),
            ("5.2p26", "5.2p32", Ordering::Less),
            ("2023-12-31", "2024-01-05", Ordering::Less),
            ("20240513", "99999999999999999999999", Ordering::Less),
            ("007", "7", Ordering::Equal),
        ] {
            assert_eq!(order(a, b), Some(expected), "{a} {b}");
            assert_eq!(order(b, a), Some(expected.reverse()), "{b} {a}");
        }
    }

    #[test]
    fn commits_have_no_order_but_what_stands_before_them_has() {
        assert_eq!(order("3f1c9aa", "c3f19aa"), None);
        let (old, new) = ("2.24.0pre20240610_2b9c2cc", "2.24.0pre20240612_19a9c2c");
        assert_eq!(order(old, new), Some(Ordering::Less));
        assert_eq!(order("1.0+rev=0240bbf", "1.0+rev=9240abf"), None);
    }

    #[test]
    fn likeness_counts_parts() {
        assert_eq!(likeness("3.11.9", "3.11.10"), 2);
        assert_eq!(likeness("3.11.9", "3.12.1"), 1);
        assert_eq!(likeness("2024a", "2024b"), 1);
        assert_eq!(likeness("1", "2"), 0);
    }
}
