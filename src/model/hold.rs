//! An operator's hold: keeps everybody's phoenix from activating a host for a while.

use serde::{Deserialize, Serialize};

use super::clock::{span, utc};
use super::{Problem, ProblemKind};

/// A hold as the host keeps it, over reboots. Times are by the host's clock, which is the only
/// one that every controller reads alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Operator, as `user@workstation`.
    pub who: String,
    /// Address the operator's phoenix came from, where SSH tells it.
    #[serde(default)]
    pub from: Option<String>,
    /// Why, in the operator's words; one line.
    pub reason: String,
    /// Seconds since 1970 when it began.
    pub since: u64,
    /// Seconds since 1970 when it ends by itself; until released otherwise.
    #[serde(default)]
    pub until: Option<u64>,
}

/// Longest reason, in characters: it travels in every refusal.
pub const REASON_LIMIT: usize = 200;

impl Hold {
    /// Whether its time has passed at `now`, in seconds since 1970 by the host's clock.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| now >= until)
    }

    /// Who holds the host, from where, since when and for how long.
    #[must_use]
    pub fn shown(&self) -> String {
        let until = match self.until {
            Some(until) => format!(
                "until {} ({} in all)",
                utc(until),
                span(until.saturating_sub(self.since))
            ),
            None => "until it is released".to_owned(),
        };
        let (who, since) = (self.holder(), utc(self.since));
        format!("{who} holds it since {since}, {until}")
    }

    /// Who had held the host, since when and why, once it is over.
    #[must_use]
    pub fn past(&self) -> String {
        let (who, since) = (self.holder(), utc(self.since));
        format!("{who} had held it since {since}; reason: {}", self.reason)
    }

    fn holder(&self) -> String {
        who(&self.who, self.from.as_deref())
    }

    /// Why the host may not be activated now.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let message = "an operator holds the host";
        Problem::new(ProblemKind::Refused, message)
            .because(self.shown())
            .because(format!("reason: {}", self.reason))
            .with_hint(
                "ask the operator, or end it with `phoenix lock release`; `--despite-hold` activates all the same",
            )
    }
}

/// An operator and the address they came from, if it is known.
#[must_use]
pub fn who(who: &str, from: Option<&str>) -> String {
    match from {
        Some(from) => format!("{who} (from {from})"),
        None => who.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_ends_by_itself_or_never() {
        let mut hold = Hold {
            who: "ada@desk".to_owned(),
            from: Some("10.0.0.4".to_owned()),
            reason: "database migration".to_owned(),
            since: 1_795_380_244,
            until: Some(1_795_387_444),
        };
        assert_eq!(
            hold.shown(),
            "ada@desk (from 10.0.0.4) holds it since 2026-11-22 20:44:04 UTC, until 2026-11-22 22:44:04 UTC (2 h in all)"
        );
        assert_eq!(
            hold.past(),
            "ada@desk (from 10.0.0.4) had held it since 2026-11-22 20:44:04 UTC; reason: database migration"
        );
        assert!(!hold.is_over(1_795_387_443) && hold.is_over(1_795_387_444));
        hold.until = None;
        assert!(!hold.is_over(u64::MAX));
    }
}
