//! Reads unit files as far as NixOS compares them.
//!
//! Format: systemd.syntax(7), systemd.unit(5) (drop-ins, templates).

use std::collections::BTreeMap;

/// A unit with its drop-ins: sections, their keys, and what these are set to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unit<'a> {
    pub(super) sections: BTreeMap<&'a str, BTreeMap<&'a str, Vec<String>>>,
}

impl<'a> Unit<'a> {
    /// Reads the texts of a unit and then of its drop-ins.
    pub(super) fn read(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut unit = Self::default();
        for text in texts {
            unit.take(text);
        }
        // What is about being enabled says nothing about what runs.
        unit.sections.remove("Install");
        unit
    }

    fn take(&mut self, text: &'a str) {
        let mut section = None;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let name = line
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            if let Some(name) = name {
                section = Some(self.sections.entry(name).or_default());
                continue;
            }
            let (Some(section), Some((key, first))) = (&mut section, line.split_once('=')) else {
                continue;
            };
            let value = continued(first.trim(), &mut lines);
            let values = section.entry(key.trim()).or_default();
            if value.is_empty() {
                values.clear();
            } else {
                values.push(value);
            }
        }
    }

    /// What a key is set to, one after the other.
    pub(super) fn values(&self, section: &str, key: &str) -> &[String] {
        let section = self.sections.get(section);
        let values = section.and_then(|section| section.get(key));
        values.map_or(&[], Vec::as_slice)
    }

    /// A yes or no, the last one where there are several.
    pub(super) fn says(&self, section: &str, key: &str, otherwise: bool) -> bool {
        let last = self.values(section, key).last();
        last.map_or(otherwise, |last| {
            matches!(last.as_str(), "1" | "yes" | "true" | "on")
        })
    }

    /// The words of a list that may be set several times.
    pub(super) fn words(&self, section: &str, key: &str) -> impl Iterator<Item = &str> {
        let values = self.values(section, key).iter();
        values.flat_map(|value| value.split_whitespace())
    }
}

/// A value that goes on in the next line where it ends in a backslash.
fn continued<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut value = first.to_owned();
    while let Some(open) = value.strip_suffix('\\') {
        let next = lines.next().unwrap_or_default().trim();
        value = format!("{} {next}", open.trim_end());
    }
    value
}
