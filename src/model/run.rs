//! The name of one run.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::clock::civil;

/// Names one run everywhere: its journal, the transient units and the rollback timer on hosts.
///
/// `YYYYMMDD-HHMMSS-xxxxxx`, UTC and six random hexadecimal digits: sorts by time, and is
/// safe in unit and file names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// The text is no run id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a run id; they look like 20260131-142500-3fa9c1")]
pub struct RunIdError(pub String);

impl RunId {
    /// Reads a run id.
    ///
    /// # Errors
    /// [`RunIdError`] when the text has another form.
    pub fn new(text: impl AsRef<str>) -> Result<Self, RunIdError> {
        let text = text.as_ref();
        let parts: Vec<&str> = text.split('-').collect();
        let digits =
            |part: &str, length| part.len() == length && part.bytes().all(|c| c.is_ascii_digit());
        let hex = |part: &str| {
            part.len() == 6
                && part
                    .bytes()
                    .all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
        };
        match parts.as_slice() {
            [day, time, random] if digits(day, 8) && digits(time, 6) && hex(random) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(RunIdError(text.to_owned())),
        }
    }

    /// Names a run that starts `seconds` after 1970-01-01 UTC.
    #[must_use]
    pub fn at(seconds: u64, random: [u8; 3]) -> Self {
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let [a, b, c] = random;
        Self(format!(
            "{year:04}{month:02}{day:02}-{:02}{:02}{:02}-{a:02x}{b:02x}{c:02x}",
            rest / 3600,
            rest / 60 % 60,
            rest % 60
        ))
    }

    /// The day on which the run began, UTC: `2026-01-31`.
    #[must_use]
    pub fn day(&self) -> String {
        format!("{}-{}-{}", &self.0[..4], &self.0[4..6], &self.0[6..8])
    }

    /// The run id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        Self::new(text)
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.0
    }
}

/// Proves to a host that a decision comes from the controller that began the run: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// Makes a nonce from random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_read_back() {
        let run = RunId::at(1_795_380_244, [0x3f, 0xa9, 0xc1]);
        assert_eq!(run.as_str(), "20261122-204404-3fa9c1");
        assert_eq!(run.day(), "2026-11-22");
        assert_eq!(RunId::new(run.as_str()), Ok(run));
        assert_eq!(
            RunId::at(951_782_399, [0; 3]).as_str(),
            "20000228-235959-000000"
        );
        assert_eq!(
            RunId::at(951_782_400, [0; 3]).as_str(),
            "20000229-000000-000000"
        );
    }

    #[test]
    fn refuses_what_could_not_be_a_file_name() {
        for text in [
            "",
            "../x",
            "20261122-204404-3FA9C1",
            "20261122-204404-3fa9c1.service",
        ] {
            assert_eq!(RunId::new(text), Err(RunIdError(text.to_owned())));
        }
    }
}
