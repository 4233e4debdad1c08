//! Health gates: what must hold on a host before its new system is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{GateName, HttpUrl};

/// Stands in a gate for the address by which the host was reached.
pub const HOST_PLACE: &str = "{host}";

/// The gate that every host has: no newly failed units.
pub const SYSTEMD: &str = "systemd";

/// The gate that is the connection itself. Every host has it, and nothing changes it.
pub const SSH: &str = "ssh";

/// A gate: a condition, and how long it is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Name in fleet.toml.
    pub name: GateName,
    /// What its failure means.
    pub level: Level,
    /// The condition.
    pub kind: GateKind,
    /// How long it may take to pass, `stable_for` included.
    pub deadline: Duration,
    /// Pause between two looks.
    pub interval: Duration,
    /// How long the condition must hold without a break.
    pub stable_for: Duration,
    /// Limit for one look.
    pub timeout: Duration,
}

/// What the failure of a gate means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The host goes back to the system it ran before.
    Required,
    /// The system is kept, and the operator is told.
    Wanted,
}

impl Level {
    /// The word used in fleet.toml, JSON and tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Wanted => "wanted",
        }
    }
}

/// The condition of a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GateKind {
    /// Units of the host's systemd.
    Systemd {
        /// Whether no unit may be failed that was not before the run (outside of a run: none).
        newly_failed: bool,
        /// Units that must be active.
        units: Vec<String>,
    },
    /// A program that root runs on the host exits with status 0.
    Command {
        /// The program and its arguments; never empty, and no shell reads them.
        command: Vec<String>,
    },
    /// A page answers.
    Http {
        /// The page.
        url: HttpUrl,
        /// Who asks.
        from: AskedFrom,
        /// Accepted status codes; 200 to 399 when there are none.
        status: Vec<u16>,
        /// Text that the page must hold.
        contains: Option<String>,
    },
    /// A port takes connections.
    Tcp {
        /// Name or IP address, or [`HOST_PLACE`].
        address: String,
        /// The port.
        port: u16,
        /// Who asks.
        from: AskedFrom,
    },
}

/// From where a gate looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedFrom {
    /// From where phoenix runs.
    Workstation,
    /// From the host itself.
    Host,
}

impl Gate {
    /// The gate that every host has unless fleet.toml reshapes it: the first look decides.
    #[must_use]
    pub fn systemd() -> Self {
        let kind = GateKind::Systemd {
            newly_failed: true,
            units: Vec::new(),
        };
        Self {
            name: GateName::new(SYSTEMD).expect("it is a name"),
            level: Level::Required,
            deadline: kind.patience(),
            interval: Duration::from_secs(2),
            stable_for: Duration::ZERO,
            timeout: kind.timeout(),
            kind,
        }
    }

    /// The same gate with the host's address in the place of [`HOST_PLACE`].
    #[must_use]
    pub fn at(&self, address: &str) -> Self {
        let mut gate = self.clone();
        match &mut gate.kind {
            GateKind::Http { url, .. } => *url = url.at(address),
            GateKind::Tcp { address: named, .. } if named == HOST_PLACE => {
                address.clone_into(named);
            }
            GateKind::Systemd { .. } | GateKind::Command { .. } | GateKind::Tcp { .. } => {}
        }
        gate
    }

    /// The same gate for a single look that decides.
    #[must_use]
    pub fn once(&self) -> Self {
        Self {
            deadline: Duration::ZERO,
            stable_for: Duration::ZERO,
            ..self.clone()
        }
    }
}

impl GateKind {
    /// How long the condition may take to come true, where fleet.toml gives no deadline. What
    /// systemd says after a switch is final: a unit that failed stays so.
    #[must_use]
    pub fn patience(&self) -> Duration {
        match self {
            Self::Systemd {
                newly_failed: true, ..
            } => Duration::ZERO,
            _ => Duration::from_secs(30),
        }
    }

    /// Limit for one look, where fleet.toml gives none.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(match self {
            Self::Systemd { .. } | Self::Command { .. } => 20,
            Self::Http { .. } => 10,
            Self::Tcp { .. } => 5,
        })
    }

    /// Who looks.
    #[must_use]
    pub fn from(&self) -> AskedFrom {
        match self {
            Self::Systemd { .. } | Self::Command { .. } => AskedFrom::Host,
            Self::Http { from, .. } | Self::Tcp { from, .. } => *from,
        }
    }
}

/// Whether a status code is among those a gate accepts.
#[must_use]
pub fn accepts(status: &[u16], code: u16) -> bool {
    if status.is_empty() {
        (200..400).contains(&code)
    } else {
        status.contains(&code)
    }
}

/// The status codes a gate accepts, in words.
#[must_use]
pub fn accepted(status: &[u16]) -> String {
    if status.is_empty() {
        return "200 to 399".to_owned();
    }
    let codes: Vec<String> = status.iter().map(u16::to_string).collect();
    codes.join(" or ")
}

/// What one look at a gate's condition found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Whether the condition holds.
    pub passed: bool,
    /// What was seen, in a few words: `answered 503, wanted 200 to 399`.
    pub detail: String,
    /// The last lines of the log that explains it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Observation {
    /// The condition holds.
    pub fn good(detail: impl Into<String>) -> Self {
        Self {
            passed: true,
            detail: detail.into(),
            ..Self::default()
        }
    }

    /// The condition does not hold.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..Self::default()
        }
    }

    /// Adds the log that explains it.
    #[must_use]
    pub fn with_log(mut self, log: Vec<String>) -> Self {
        self.log = log;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Judges the answer to a page that was asked for.
    #[must_use]
    pub fn of_page((status, code): (&[u16], u16), (contains, body): (Option<&str>, &[u8])) -> Self {
        if !accepts(status, code) {
            let detail = format!("answered {code}, wanted {}", accepted(status));
            return Self::bad(detail);
        }
        let holds = |text: &str| String::from_utf8_lossy(body).contains(text);
        match contains {
            Some(text) if !holds(text) => Self::bad(format!(
                "answered {code}, but the page does not hold `{text}`"
            )),
            _ => Self::good(format!("answered {code}")),
        }
    }
}

/// How a gate ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateResult {
    /// Name in fleet.toml.
    #[serde(rename = "gate")]
    pub name: GateName,
    /// What its failure means.
    pub level: Level,
    /// Whether it passed.
    pub passed: bool,
    /// What the last look saw, in a few words.
    pub detail: String,
    /// The last lines of the log that explains it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl GateResult {
    /// Whether the host may not keep its system because of it.
    #[must_use]
    pub fn forbids(&self) -> bool {
        !self.passed && self.level == Level::Required
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: &[u16], contains: Option<&str>) -> Observation {
        Observation::of_page((status, 301), (contains, b"moved to there"))
    }

    #[test]
    fn a_page_is_judged_by_its_status_and_its_text() {
        assert!(page(&[], None).passed);
        assert!(page(&[200, 301], Some("moved")).passed);
        assert_eq!(
            page(&[200, 204], None).detail,
            "answered 301, wanted 200 or 204"
        );
        assert_eq!(
            page(&[], Some("up")).detail,
            "answered 301, but the page does not hold `up`"
        );
    }

    #[test]
    fn the_hosts_address_takes_its_place() {
        let tcp = |address: &str| Gate {
            kind: GateKind::Tcp {
                address: address.to_owned(),
                port: 80,
                from: AskedFrom::Workstation,
            },
            ..Gate::systemd()
        };
        assert_eq!(tcp(HOST_PLACE).at("fd00::1"), tcp("fd00::1"));
        assert_eq!(tcp("db1").at("fd00::1"), tcp("db1"));
    }
}
