//! Tables with aligned columns, for `phoenix list`, `phoenix status` and summaries.

use console::measure_text_width;

use super::paint::{Paint, Tone, visible};

/// Space between two columns.
const GAP: usize = 2;
/// No column is cut below this to make a table fit.
const LEAST: usize = 8;

/// A table. Cells may hold any text of one line; widths are those on a terminal.
#[derive(Clone, Debug, Default)]
pub struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<Cell>>,
    right: Vec<usize>,
    whole: Vec<usize>,
}

/// A cell: text and its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// One line of text without colours.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
        }
    }
}

impl Cell {
    /// A cell with a meaning.
    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

impl Table {
    /// A table with these columns.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self {
            headings: headings.iter().map(|text| (*text).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Sets a column (counted from 0) flush right, as numbers are.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Keeps a column (counted from 0) from being cut: others give way.
    #[must_use]
    pub fn whole(mut self, column: usize) -> Self {
        self.whole.push(column);
        self
    }

    /// Adds a row; missing cells are empty.
    pub fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.cells(Vec::from(cells));
    }

    /// Adds a row of as many cells as there are; missing ones are empty.
    pub fn cells(&mut self, mut cells: Vec<Cell>) {
        cells.resize(self.headings.len(), Cell::default());
        for cell in &mut cells {
            cell.text = visible(&cell.text);
        }
        self.rows.push(cells);
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, each with its newline. Where a width is given, the widest columns
    /// are cut until it fits.
    #[must_use]
    pub fn render(&self, width: Option<usize>, paint: Paint) -> String {
        let mut widths = self.widths();
        if let Some(width) = width {
            squeeze(&mut widths, &self.whole, width);
        }
        let heading = self
            .headings
            .iter()
            .map(|text| Cell::toned(Tone::Faint, text.as_str()))
            .collect();
        let mut text = String::new();
        for row in std::iter::once(&heading).chain(&self.rows) {
            text.push_str(&self.line(row, &widths, paint));
            text.push('\n');
        }
        text
    }

    /// Columns of a terminal that the table takes when nothing is cut.
    pub(super) fn width(&self) -> usize {
        let widths = self.widths();
        widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].text.as_str());
            let all = cells.chain([self.headings[column].as_str()]);
            all.map(measure_text_width).max().unwrap_or_default()
        };
        (0..self.headings.len()).map(widest).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize], paint: Paint) -> String {
        let mut line = String::new();
        let mut owed = 0;
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let text = fit(&cell.text, *width);
            let missing = width.saturating_sub(measure_text_width(&text));
            let (before, after) = if self.right.contains(&column) {
                (missing, 0)
            } else {
                (0, missing)
            };
            // Spaces are owed until something follows them: no line ends in spaces.
            owed += before;
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', owed));
                owed = 0;
                line.push_str(&paint.tone(cell.tone, text));
            }
            owed += after + GAP;
        }
        line
    }
}

/// Takes from the widest column that may be cut until all fit, or none can give more.
fn squeeze(widths: &mut [usize], whole: &[usize], width: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while excess > 0 {
        let columns = widths.iter_mut().enumerate();
        let cut = columns.filter(|(column, width)| **width > LEAST && !whole.contains(column));
        let Some((_, widest)) = cut.max_by_key(|(_, width)| **width) else {
            return;
        };
        *widest -= 1;
        excess -= 1;
    }
}

/// The text, cut with `…` where it is wider than `width` columns of a terminal.
pub(super) fn fit(text: &str, width: usize) -> String {
    let cut = |room: usize| console::truncate_str(text, room, "…");
    // It counts letter by letter; some are wider together than each by itself.
    let fits = (0..=width).rev().map(cut);
    let mut fits = fits.filter(|text| measure_text_width(text) <= width);
    fits.next().unwrap_or_default().into_owned()
}

/// The text followed by spaces up to `width` columns, cut where it is wider.
pub(super) fn pad(text: &str, width: usize) -> String {
    let text = fit(text, width);
    let missing = width.saturating_sub(measure_text_width(&text));
    text + &" ".repeat(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &Table, width: Option<usize>, expected: &[&str]) {
        let found = table.render(width, Paint::OFF);
        assert_eq!(found.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn columns_are_aligned_and_lines_end_without_spaces() {
        let mut table = Table::new(&["host", "time", "tags"]).right(1);
        table.row(["web1".into(), "1.2s".into(), "web".into()]);
        table.row(["database".into(), "1m04s".into()]);
        table.row(["x".into(), "".into(), "y".into()]);
        check(
            &table,
            None,
            &[
                "host       time  tags",
                "web1       1.2s  web",
                "database  1m04s",
                "x                y",
            ],
        );
    }

    #[test]
    fn wide_letters_take_two_columns() {
        let mut table = Table::new(&["a", "b"]);
        table.row(["日本".into(), "x".into()]);
        table.row(["abcd".into(), "y".into()]);
        check(&table, None, &["a     b", "日本  x", "abcd  y"]);
    }

    #[test]
    fn letters_that_grow_together_are_cut_as_well() {
        let sign = "\u{26a0}\u{fe0f}";
        for width in 0..12 {
            let text = fit(&format!("{sign}{sign} abc {sign} def"), width);
            assert!(measure_text_width(&text) <= width, "{width}: {text}");
        }
        let mut table = Table::new(&["a", "b"]);
        table.row([format!("{sign} Authorised use only").into(), "x".into()]);
        assert!(table.render(Some(14), Paint::OFF).contains("  x"));
    }

    #[test]
    fn the_widest_column_gives_way() {
        let mut table = Table::new(&["host", "system"]);
        table.row(["web1".into(), "0pqyvyw2-nixos-system-web1".into()]);
        check(&table, Some(20), &["host  system", "web1  0pqyvyw2-nixo…"]);
        let mut table = Table::new(&["system", "last run"]).whole(1);
        table.row(["0pqyvyw2-nixos".into(), "20261122-204404-3fa9c1".into()]);
        let cut = ["system     last run", "0pqyvyw2…  20261122-204404-3fa9c1"];
        check(&table, Some(33), &cut);
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new(&["host", "is"]);
        table.row([Cell::toned(Tone::Good, "up"), "x".into()]);
        assert_eq!(
            table.render(None, Paint::ON),
            "\x1b[2mhost\x1b[0m  \x1b[2mis\x1b[0m\n\x1b[32mup\x1b[0m    x\n"
        );
    }
}
