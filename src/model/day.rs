//! Days of the calendar, as people write them in files.

use std::fmt;

use serde::Serialize;

use super::clock::civil;

const SECONDS: u64 = 86_400;

/// A day from 1970 to 9999, in UTC. Written as ISO 8601 has it: `2027-03-01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Day {
    /// Days since 1970-01-01.
    count: u64,
}

impl Day {
    /// Reads `YYYY-MM-DD`. `None` for any other form, and for days that no calendar has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let form = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        if !form || text.len() != 10 {
            return None;
        }
        let number = |from: usize, to: usize| text[from..to].parse::<u64>().ok();
        let wanted = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (year, month, day) = wanted;
        if year < 1970 || !(1..=12).contains(&month) {
            return None;
        }
        let count = days_before(year) + days_of_year(year, month) + day.checked_sub(1)?;
        // The 31st of a short month comes back as another day.
        (civil(count) == wanted).then_some(Self { count })
    }

    /// The day of a moment, given as seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn at(seconds: u64) -> Self {
        Self {
            count: seconds / SECONDS,
        }
    }

    /// Days from `earlier` to this one; negative when this one is before it.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        let days = |day: Self| i64::try_from(day.count).unwrap_or(i64::MAX);
        days(self) - days(earlier)
    }
}

/// Days from 1970-01-01 to the first of this year.
fn days_before(year: u64) -> u64 {
    (1970..year)
        .map(|year| 365 + u64::from(is_leap(year)))
        .sum()
}

/// Days from the first of the year to the first of the month.
fn days_of_year(year: u64, month: u64) -> u64 {
    let length = |month| match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..month).map(length).sum()
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.count);
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written_alike() {
        for text in [
            "1970-01-01",
            "2000-02-29",
            "2026-11-27",
            "2027-12-31",
            "9999-12-31",
        ] {
            assert_eq!(Day::parse(text).map(String::from), Some(text.to_owned()));
        }
        assert_eq!(Day::at(1_795_380_244), Day::parse("2026-11-22").unwrap());
    }

    #[test]
    fn what_no_calendar_has_is_no_day() {
        for text in [
            "",
            "soon",
            "2026-2-1",
            "2026-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "1969-12-31",
            "01.02.2026",
            "2026-01-01T00",
            "2026-01-0é",
            "+026-01-01",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_both_ways() {
        let day = |text| Day::parse(text).unwrap();
        assert_eq!(day("2027-03-01").days_since(day("2026-11-27")), 94);
        assert_eq!(day("2024-02-28").days_since(day("2024-03-01")), -2);
        assert_eq!(day("2100-03-01").days_since(day("2100-02-28")), 1);
    }
}
