//! What a host says of itself, asked without network and SSH, in one look.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lab::Lab;

/// Prints `name=value` lines. The run's id is the first argument, or empty.
const LOOK: &str = r#"
say() { printf '%s=%s\n' "$1" "$2"; }
say running "$(readlink -f /run/current-system)"
say booted "$(readlink -f /run/booted-system)"
say default "$(cat /boot/loader/default)"
say profile "$(readlink -f /nix/var/nix/profiles/system)"
say generation "$(readlink /nix/var/nix/profiles/system)"
say units "$(systemctl list-units --all --plain --no-legend --full 'phoenix-*' | awk '{ printf "%s ", $1 }')"
say roots "$(ls -A /nix/var/nix/gcroots/phoenix 2>/dev/null | tr '\n' ' ')"
say unfinished "$(ls -A /var/lib/phoenix/runs 2>/dev/null | grep '^\.' | tr '\n' ' ')"
if [ ! -e /run/phoenix/lock ] || flock --nonblock /run/phoenix/lock true; then say lock free; else say lock held; fi
say record "$(tr -d '\n' </var/lib/phoenix/runs/RUN/record.json 2>/dev/null)"
say live "$(tr -d '\n' </run/phoenix/runs/RUN/record.json 2>/dev/null)"
"#;

/// Where a host stands.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    said: BTreeMap<String, String>,
}

impl Sight {
    /// Looks at a host, and at its record of a run.
    pub(super) fn of(lab: &Lab, host: &str, run: Option<&str>) -> Self {
        let script = LOOK.replace("RUN", run.unwrap_or("none"));
        let said = lab.say(host, &script);
        let pairs = said.lines().filter_map(|line| line.split_once('='));
        Self {
            said: pairs
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        }
    }

    fn get(&self, name: &str) -> &str {
        self.said.get(name).map_or("", String::as_str)
    }

    /// The system that runs.
    pub(super) fn running(&self) -> &str {
        self.get("running")
    }

    /// The system that was booted.
    pub(super) fn booted(&self) -> &str {
        self.get("booted")
    }

    /// The system that the next boot starts.
    pub(super) fn boots(&self) -> &str {
        self.get("default")
    }

    /// The system that the profile points to.
    pub(super) fn profile(&self) -> &str {
        self.get("profile")
    }

    /// The profile's own link: `system-7-link`.
    pub(super) fn generation(&self) -> &str {
        self.get("generation")
    }

    /// The host's record of the run; null when it has none. Where the disk could not be written, what
    /// this boot remembers goes further.
    pub(super) fn record(&self) -> Value {
        let read = |name| serde_json::from_str::<Value>(self.get(name)).unwrap_or_default();
        let length = |record: &Value| record["trail"].as_array().map_or(0, Vec::len);
        let (kept, live) = (read("record"), read("live"));
        if length(&live) > length(&kept) {
            live
        } else {
            kept
        }
    }

    /// What a run must not leave behind, in words.
    pub(super) fn left_over(&self) -> Vec<String> {
        let named = |name: &str| {
            let found = self.get(name);
            (!found.is_empty()).then(|| format!("{name} left over: {found}"))
        };
        let mut left: Vec<String> = ["units", "roots", "unfinished"]
            .iter()
            .filter_map(|name| named(name))
            .collect();
        if self.get("lock") != "free" {
            left.push("the lock is held".to_owned());
        }
        left
    }
}
