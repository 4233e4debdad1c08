//! How gates ended, as a table for people.

use std::time::Duration;

use super::Row;
use crate::model::Level;
use crate::ui::{Cell, Table, Tone, clean, units};

/// All rows, with headings.
pub(super) fn table(rows: &[Row]) -> Table {
    let headings = ["host", "gate", "level", "result", "took", "what was seen"];
    let mut table = Table::new(&headings).right(4);
    for row in rows {
        let result = &row.result;
        table.row([
            row.host.as_str().into(),
            result.name.as_str().into(),
            result.level.as_str().into(),
            match (result.passed, result.level) {
                (true, _) => Cell::toned(Tone::Good, "passed"),
                (false, Level::Required) => Cell::toned(Tone::Bad, "failed"),
                (false, Level::Wanted) => Cell::toned(Tone::Careful, "failed"),
            },
            units::took(Duration::from_millis(result.millis)).into(),
            clean(&result.detail).into(),
        ]);
    }
    table
}
