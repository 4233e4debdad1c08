//! How hosts stand with the security controls of their configuration: what the flake says of
//! each, and what that means on a certain day.

use serde::{Deserialize, Serialize};

use super::Day;

/// One security control of a host, as the flake says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Control {
    /// Its name: `sshd`.
    pub control: String,
    /// What it is about, for people.
    pub title: String,
    /// How the configuration stands to it.
    pub state: Declared,
    /// Why it says nothing about this host.
    #[serde(default)]
    pub why: Option<String>,
    /// Options that differ from what it expects.
    #[serde(default)]
    pub findings: Vec<Deviation>,
    /// The written exception.
    #[serde(default)]
    pub exception: Option<Written>,
}

/// What the flake says of a control; it knows no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Declared {
    /// All is as the control expects.
    Held,
    /// Something differs, and no exception covers it.
    Weakened,
    /// Something differs, and an exception covers it.
    Excepted,
    /// It says nothing about this host.
    Inapplicable,
}

/// An option that differs from what a control expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    /// The option.
    pub option: String,
    /// Its value, in Nix.
    pub found: String,
    /// The value that the control expects.
    pub expected: String,
    /// Where the value was written: the file, with the line where Nix tells it.
    #[serde(default)]
    pub files: Vec<String>,
}

/// An exception as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Written {
    /// Why the host must do without.
    pub reason: String,
    /// The last day on which it stands.
    pub expires: String,
    /// The day on which it was granted.
    #[serde(default)]
    pub since: Option<String>,
    /// Where it is written, as `file:line`.
    #[serde(default)]
    pub file: Option<String>,
}

/// How a host stands with a control today. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Something differs without an exception: the system does not evaluate for a deployment.
    Weakened,
    /// Something differs, and its exception has run out.
    Expired,
    /// Something differs, and a written exception says why.
    Excepted,
    /// There is an exception, and nothing that needs it.
    Unneeded,
    /// It says nothing about this host.
    Inapplicable,
    /// All is as the control expects.
    Held,
}

/// An exception on a certain day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Why the host must do without.
    pub reason: String,
    /// The last day on which it stands.
    pub expires: Day,
    /// The day on which it was granted, or committed where that is not written.
    pub since: Option<Day>,
    /// Where it is written, as `file:line`.
    pub file: Option<String>,
}

/// A control of a host on a certain day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Its name.
    pub control: String,
    /// What it is about, for people.
    pub title: String,
    /// How the host stands.
    pub state: Standing,
    /// Why it says nothing about this host.
    pub why: Option<String>,
    /// Options that differ from what it expects.
    pub findings: Vec<Deviation>,
    /// The exception.
    pub exception: Option<Exception>,
    /// Days since the exception was granted, where that is known.
    pub age_days: Option<i64>,
    /// Days that the exception still stands; negative once it has run out.
    pub days_left: Option<i64>,
}

/// A text of an exception that is no day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoDay {
    /// The control.
    pub control: String,
    /// `expires` or `since`.
    pub field: &'static str,
    /// What is written there.
    pub text: String,
}

impl Control {
    /// Judges the control on the day `today`. `committed` is the day on which the exception
    /// came into the repository, and counts where it does not say since when it stands.
    ///
    /// # Errors
    /// [`NoDay`] when a date of the exception is none.
    pub fn judge(self, committed: Option<Day>, today: Day) -> Result<Judged, NoDay> {
        let exception = match self.exception {
            Some(written) => Some(written.read(&self.control, committed)?),
            None => None,
        };
        let has_expired = exception.as_ref().is_some_and(|one| one.expires < today);
        let state = match (self.state, &exception) {
            (Declared::Held, None) => Standing::Held,
            (Declared::Held, Some(_)) => Standing::Unneeded,
            (Declared::Inapplicable, _) => Standing::Inapplicable,
            (Declared::Excepted, Some(_)) if has_expired => Standing::Expired,
            (Declared::Excepted, Some(_)) => Standing::Excepted,
            (Declared::Excepted, None) | (Declared::Weakened, _) => Standing::Weakened,
        };
        let since = exception.as_ref().and_then(|one| one.since);
        Ok(Judged {
            control: self.control,
            title: self.title,
            state,
            why: self.why,
            findings: self.findings,
            // Clocks differ by a day at most: what was committed tomorrow is new.
            age_days: since.map(|since| today.days_since(since).max(0)),
            days_left: exception.as_ref().map(|one| one.expires.days_since(today)),
            exception,
        })
    }
}

impl Written {
    fn read(self, control: &str, committed: Option<Day>) -> Result<Exception, NoDay> {
        let day = |field, text: &str| {
            Day::parse(text).ok_or_else(|| NoDay {
                control: control.to_owned(),
                field,
                text: text.to_owned(),
            })
        };
        let since = self.since.as_deref().map(|text| day("since", text));
        Ok(Exception {
            expires: day("expires", &self.expires)?,
            since: since.transpose()?.or(committed),
            reason: self.reason,
            file: self.file,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn control(state: Declared, exception: Option<(&str, Option<&str>)>) -> Control {
        let written = |(expires, since): (&str, Option<&str>)| Written {
            reason: "the old client".to_owned(),
            expires: expires.to_owned(),
            since: since.map(str::to_owned),
            file: None,
        };
        Control {
            control: "sshd".to_owned(),
            title: "SSH server".to_owned(),
            state,
            why: None,
            findings: Vec::new(),
            exception: exception.map(written),
        }
    }

    fn judged(state: Declared, exception: Option<(&str, Option<&str>)>) -> Judged {
        let committed = Some(day("2026-11-20"));
        control(state, exception)
            .judge(committed, day("2026-11-27"))
            .unwrap()
    }

    #[test]
    fn how_a_host_stands_follows_from_its_exception_and_the_day() {
        use Declared::{Excepted, Held, Inapplicable, Weakened};
        let later = Some(("2027-03-01", None));
        let today = Some(("2026-11-27", None));
        let past = Some(("2026-11-26", None));
        for (state, exception, expected) in [
            (Held, None, Standing::Held),
            (Held, later, Standing::Unneeded),
            (Held, past, Standing::Unneeded),
            (Excepted, later, Standing::Excepted),
            (Excepted, today, Standing::Excepted),
            (Excepted, past, Standing::Expired),
            (Excepted, None, Standing::Weakened),
            (Weakened, None, Standing::Weakened),
            (Weakened, later, Standing::Weakened),
            (Inapplicable, None, Standing::Inapplicable),
            (Inapplicable, past, Standing::Inapplicable),
        ] {
            let found = judged(state, exception).state;
            assert_eq!(found, expected, "{state:?} {exception:?}");
        }
    }

    #[test]
    fn age_counts_from_what_is_written_else_from_the_commit() {
        let days = |exception| {
            let judged = judged(Declared::Excepted, Some(exception));
            (judged.age_days, judged.days_left)
        };
        assert_eq!(days(("2027-03-01", None)), (Some(7), Some(94)));
        assert_eq!(
            days(("2026-11-26", Some("2026-11-01"))),
            (Some(26), Some(-1))
        );
        assert_eq!(days(("2026-11-27", Some("2026-11-28"))), (Some(0), Some(0)));
        let unknown = control(Declared::Excepted, Some(("2027-03-01", None)));
        let unknown = unknown.judge(None, day("2026-11-27")).unwrap();
        assert_eq!((unknown.age_days, unknown.days_left), (None, Some(94)));
    }

    #[test]
    fn what_is_no_day_is_told_with_its_control() {
        for (exception, field, text) in [
            (("soon", None), "expires", "soon"),
            (("2027-03-01", Some("2026-02-30")), "since", "2026-02-30"),
        ] {
            let control = control(Declared::Held, Some(exception));
            let expected = NoDay {
                control: "sshd".to_owned(),
                field,
                text: text.to_owned(),
            };
            assert_eq!(control.judge(None, day("2026-11-27")), Err(expected));
        }
    }
}
