//! Texts with a form of their own: durations, sizes, users, words.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::{Bandwidth, OnInhibitor, Tag};

use super::parse::ParseContext;

/// Why a text is refused, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A kind of text: what messages call it, and how it is read.
pub(super) struct Kind<'a, T> {
    pub(super) expected: &'a str,
    pub(super) plural: &'a str,
    pub(super) read: &'a dyn Fn(&str) -> Result<T, Refusal>,
}

pub(super) const DURATION: Kind<'static, Duration> = Kind {
    expected: "a duration such as \"10s\" or \"1h30m\"",
    plural: "durations",
    read: &duration,
};

pub(super) const SIZE: Kind<'static, u64> = Kind {
    expected: "a size such as \"512MiB\" or \"4GiB\"",
    plural: "sizes",
    read: &size,
};

pub(super) const BANDWIDTH: Kind<'static, Bandwidth> = Kind {
    expected: "bytes or bits a second such as \"20 MB/s\" or \"200 Mbit/s\"",
    plural: "bandwidths",
    read: &bandwidth,
};

pub(super) const TAG: Kind<'static, Tag> = Kind {
    expected: "a string",
    plural: "strings",
    read: &|text| Tag::new(text).map_err(|error| Refusal::new(error.to_string())),
};

pub(super) const USER: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings",
    read: &user,
};

/// How long a host may be given in a transaction: what the agent accepts in an order.
pub(super) const HOST_LIMIT: Kind<'static, Duration> = Kind {
    expected: DURATION.expected,
    plural: DURATION.plural,
    read: &host_limit,
};

/// What a switch inhibitor means for a run.
pub(super) const ON_INHIBITOR: Kind<'static, OnInhibitor> = Kind {
    expected: "\"fail\" or \"boot\"",
    plural: "words",
    read: &on_inhibitor,
};

pub(super) const PROFILE: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings",
    read: &profile,
};

pub(super) const LINE: Kind<'static, String> = Kind {
    expected: "a string",
    plural: "strings",
    read: &line,
};

const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];
const LONGEST: u64 = 366 * 86_400_000;
const DURATION_HINT: &str = "units are d, h, min (or m), s and ms, as in \"10s\" or \"1h30m\"";

/// Reads `10s`, `5min`, `1h30m`: whole numbers with units, larger units first.
fn host_limit(text: &str) -> Result<Duration, Refusal> {
    let limit = duration(text)?;
    if limit < Duration::from_secs(1) || limit > Duration::from_secs(24 * 3600) {
        return Err(Refusal::new(format!(
            "`{text}` is not between 1 second and 24 hours"
        )));
    }
    Ok(limit)
}

pub(super) fn duration(text: &str) -> Result<Duration, Refusal> {
    let refuse = |why: &str| Refusal::new(format!("`{text}` {why}")).hint(DURATION_HINT);
    let mut rest = text.trim();
    let mut millis: u64 = 0;
    let mut above = u64::MAX;
    if rest.is_empty() {
        return Err(refuse("is not a duration"));
    }
    while !rest.is_empty() {
        let (number, unit, after) = quantity(rest).ok_or_else(|| refuse("is not a duration"))?;
        if unit.is_empty() {
            return Err(refuse("has no unit"));
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, scale) = known.ok_or_else(|| refuse(&format!("has an unknown unit `{unit}`")))?;
        if *scale >= above {
            return Err(refuse("does not go from larger to smaller units"));
        }
        above = *scale;
        millis = number.saturating_mul(*scale).saturating_add(millis);
        rest = after.trim_start();
    }
    match millis {
        0 => Err(refuse("is no time at all")),
        1..=LONGEST => Ok(Duration::from_millis(millis)),
        _ => Err(refuse("is longer than a year")),
    }
}

/// Reads a duration that an operator typed, in the form of fleet.toml.
///
/// # Errors
/// What is wrong with it, and what to write instead.
pub fn duration_from(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|refusal| match refusal.hint {
        Some(hint) => format!("{}; {hint}", refusal.why),
        None => refusal.why,
    })
}

/// Reads `512MiB`, `4GiB`: one whole number with a binary unit.
pub(super) fn size(text: &str) -> Result<u64, Refusal> {
    let refuse = |why: &str| {
        Refusal::new(format!("`{text}` {why}"))
            .hint("units are KiB, MiB, GiB and TiB, as in \"512MiB\" or \"4GiB\"")
    };
    let (number, unit, after) = quantity(text.trim()).ok_or_else(|| refuse("is not a size"))?;
    let power = match unit {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        "" => return Err(refuse("has no unit")),
        _ => return Err(refuse(&format!("has an unknown unit `{unit}`"))),
    };
    if !after.is_empty() {
        return Err(refuse("is not a size"));
    }
    match number.checked_mul(1 << power) {
        Some(0) => Err(refuse("is nothing at all")),
        Some(bytes) => Ok(bytes),
        None => Err(refuse("is too large")),
    }
}

/// Units of bandwidth, in bits: those that links are sold in, and no others, so that nobody has to
/// guess whether a word means bits or bytes.
const BITS: [(&str, u64); 8] = [
    ("bit/s", 1),
    ("kbit/s", 1000),
    ("Mbit/s", 1_000_000),
    ("Gbit/s", 1_000_000_000),
    ("B/s", 8),
    ("kB/s", 8000),
    ("MB/s", 8_000_000),
    ("GB/s", 8_000_000_000),
];

/// Less would carry no copy to its end.
const SLOWEST: u64 = 1000;

/// Reads `20 MB/s`, `200 Mbit/s`: one whole number with a decimal unit.
fn bandwidth(text: &str) -> Result<Bandwidth, Refusal> {
    let refuse = |why: &str| {
        Refusal::new(format!("`{text}` {why}")).hint(
            "units are kB/s, MB/s and GB/s for bytes, and kbit/s, Mbit/s and Gbit/s for bits, as in \"20 MB/s\" or \"200 Mbit/s\"",
        )
    };
    let (number, letters, after) =
        quantity(text.trim()).ok_or_else(|| refuse("is not a whole number with a unit"))?;
    let unit = format!("{letters}{after}");
    if unit.is_empty() {
        return Err(refuse("has no unit"));
    }
    let known = BITS.iter().find(|(name, _)| *name == unit);
    let (_, scale) = known.ok_or_else(|| refuse(&format!("has an unknown unit `{unit}`")))?;
    let bits = number
        .checked_mul(*scale)
        .ok_or_else(|| refuse("is too large"))?;
    let bandwidth = Bandwidth::new(bits / 8).filter(|it| it.bytes() >= SLOWEST);
    bandwidth.ok_or_else(|| match bits {
        0 => refuse("is nothing at all: leave the key out for no limit"),
        _ => refuse("is less than 1 kB/s"),
    })
}

/// Splits a number, the letters that follow it, and the rest.
fn quantity(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (unit, after) = rest.split_at(letters);
    Some((number.parse().ok()?, unit, after))
}

/// Reads a login name. Refuses what `ssh` would take for an option or another part.
pub(super) fn user(text: &str) -> Result<String, Refusal> {
    let strange = |c: char| c.is_whitespace() || c.is_control() || "@:/,".contains(c);
    if text.is_empty() || text.starts_with('-') || text.contains(strange) {
        return Err(Refusal::new(format!("`{text}` is not a login name")));
    }
    Ok(text.to_owned())
}

fn profile(text: &str) -> Result<String, Refusal> {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b"-_".contains(&c);
    if text.is_empty() || !text.bytes().all(allowed) {
        let why = format!("`{text}` is not a word of small letters, digits, `-` and `_`");
        return Err(Refusal::new(why));
    }
    Ok(text.to_owned())
}

fn on_inhibitor(text: &str) -> Result<OnInhibitor, Refusal> {
    match text {
        "fail" => Ok(OnInhibitor::Fail),
        "boot" => Ok(OnInhibitor::Boot),
        "reboot" => Err(Refusal::new("phoenix does not reboot hosts by itself yet")
            .hint("write \"boot\", and reboot the host when it is staged")),
        other => Err(Refusal::new(format!(
            "`{other}` is neither \"fail\" nor \"boot\""
        ))),
    }
}

fn line(text: &str) -> Result<String, Refusal> {
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(Refusal::new("it must be one line of text"));
    }
    Ok(text.to_owned())
}

/// Reads the path of a file: absolute, below the home folder (`~/`), or below fleet.toml's folder.
pub(super) fn path(text: &str, cx: &ParseContext<'_>) -> Result<PathBuf, Refusal> {
    if text.is_empty() || text.contains('\0') {
        return Err(Refusal::new("it must be a path"));
    }
    match text.strip_prefix('~') {
        None => Ok(cx.base_dir.join(text)),
        Some(rest) => match (rest.strip_prefix('/'), &cx.home) {
            (Some(below), Some(home)) => Ok(home.join(below)),
            (Some(_), None) => Err(Refusal::new(format!(
                "`{text}` begins with the home folder, which is not known"
            ))
            .hint("set HOME, or write the whole path")),
            (None, _) => Err(
                Refusal::new(format!("`{text}` means another user's home folder"))
                    .hint("write the whole path"),
            ),
        },
    }
}
