//! Bytes and times as people read them.

use std::time::Duration;

/// Bytes with three digits or so: `512 B`, `12.3 MiB`, `640 GiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    if count < 1024 {
        return format!("{count} B");
    }
    let mut amount = count as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        // What would round to 1024 is one of the next unit.
        if amount < 1023.5 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    if amount < 99.95 {
        format!("{amount:.1} {unit}")
    } else {
        format!("{amount:.0} {unit}")
    }
}

/// How long something took: `0.4s`, `14s`, `1m04s`, `2h07m`.
#[must_use]
pub fn took(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    if tenths < 100 {
        return format!("{}.{}s", tenths / 10, tenths % 10);
    }
    match (time.as_millis() + 500) / 1000 {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// How long something has been going on: `0:14`, `1:02:03`. Does not jitter while it runs.
#[must_use]
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_three_digits() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (12_897_485, "12.3 MiB"),
            (104_857_600, "100 MiB"),
            (1_048_575, "1.0 MiB"),
            (687_194_767_360, "640 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn times_use_two_units_at_most() {
        for (millis, text) in [
            (0, "0.0s"),
            (1_249, "1.2s"),
            (9_949, "9.9s"),
            (9_950, "10s"),
            (59_499, "59s"),
            (59_500, "1m00s"),
            (64_000, "1m04s"),
            (3_599_900, "1h00m"),
            (7_620_000, "2h07m"),
        ] {
            assert_eq!(took(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn clocks_count_whole_seconds() {
        assert_eq!(clock(Duration::from_millis(14_999)), "0:14");
        assert_eq!(clock(Duration::from_secs(3_723)), "1:02:03");
    }
}
