//! One thing and what is known of it, line by line.

use super::paint::{Paint, Tone, clean};

/// A heading, and below it a label and a value a line. What the values hold cannot steer a
/// terminal.
#[must_use]
pub fn card(title: &str, lines: &[(&'static str, String)], paint: Paint) -> String {
    let width = lines.iter().map(|(label, _)| label.len()).max();
    let width = width.unwrap_or_default();
    let mut text = format!("{}\n", paint.tone(Tone::Strong, clean(title)));
    for (label, value) in lines {
        let label = format!("{label:width$}");
        text.push_str(&format!(
            "  {}  {}\n",
            paint.tone(Tone::Faint, label),
            clean(value)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_one_column_and_steer_nothing() {
        let lines = [
            ("address", "10.0.0.11".to_owned()),
            ("key", "a\u{1b}[2Jb".to_owned()),
        ];
        assert_eq!(
            card("web1", &lines, Paint::OFF),
            "web1\n  address  10.0.0.11\n  key      ab\n"
        );
    }
}
