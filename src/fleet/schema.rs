//! Every key fleet.toml may hold. What is not here is an error.

/// The keys of one table.
pub(super) struct Schema {
    /// Keys that hold a value.
    pub(super) keys: &'static [&'static str],
    /// Keys that hold a table.
    pub(super) tables: &'static [(&'static str, Schema)],
    /// Whether other keys may stand there too, because they are names.
    pub(super) open: bool,
}

impl Schema {
    /// All keys, values first.
    pub(super) fn all(&self) -> Vec<&'static str> {
        let tables = self.tables.iter().map(|(key, _)| *key);
        self.keys.iter().copied().chain(tables).collect()
    }

    /// What a table inside may hold.
    pub(super) fn table(&self, key: &str) -> Option<&Schema> {
        let found = self.tables.iter().find(|(name, _)| *name == key);
        found.map(|(_, schema)| schema)
    }

    /// Tables inside that take this key, for settings written one level too high.
    pub(super) fn owners(&self, key: &str) -> Vec<&'static str> {
        let takes = |schema: &Schema| schema.keys.contains(&key);
        let owners = self.tables.iter().filter(|(_, schema)| takes(schema));
        owners.map(|(name, _)| *name).collect()
    }
}

const fn keys(keys: &'static [&'static str]) -> Schema {
    Schema {
        keys,
        tables: &[],
        open: false,
    }
}

const NAMES: Schema = Schema {
    keys: &[],
    tables: &[],
    open: true,
};

const SSH: Schema = keys(&[
    "user",
    "port",
    "sudo",
    "jump",
    "identity_files",
    "agent",
    "connect_timeout",
]);
const COPY: Schema = keys(&[
    "engine",
    "substitute",
    "timeout",
    "bandwidth",
    "signing_key",
]);
const ACTIVATE: Schema = keys(&["timeout", "confirm_timeout", "on_inhibitor", "on_stranded"]);

/// What a health gate may hold, whatever its kind.
pub(super) const GATE: Schema = keys(&[
    "kind",
    "level",
    "enabled",
    "deadline",
    "interval",
    "stable_for",
    "timeout",
    "units",
    "command",
    "url",
    "status",
    "contains",
    "address",
    "port",
    "from",
]);

const FLEET: Schema = Schema {
    keys: &["name", "flake", "attribute"],
    tables: &[
        (
            "nix",
            Schema {
                keys: &[],
                tables: &[("options", NAMES)],
                open: false,
            },
        ),
        ("eval", keys(&["workers", "memory", "timeout"])),
        ("build", keys(&["timeout"])),
        (
            "parallel",
            keys(&["connect", "copy", "activate", "bandwidth"]),
        ),
    ],
    open: false,
};

/// What `[tags.<name>]` may hold.
pub(super) const TAG: Schema = Schema {
    keys: &["offline"],
    tables: &[
        ("ssh", SSH),
        ("copy", COPY),
        ("activate", ACTIVATE),
        ("health", NAMES),
    ],
    open: false,
};

/// What `[hosts.<name>]` may hold.
pub(super) const HOST: Schema = Schema {
    keys: &["addresses", "profile", "tags", "offline"],
    tables: TAG.tables,
    open: false,
};

/// What `hosts/<name>/identity.toml` may hold.
pub(super) const IDENTITY: Schema = keys(&["machine_id", "root_device"]);

/// The whole file.
pub(super) const FILE: Schema = Schema {
    keys: &[],
    tables: &[
        ("fleet", FLEET),
        (
            "defaults",
            Schema {
                keys: &["tags", "offline"],
                tables: TAG.tables,
                open: false,
            },
        ),
        ("tags", NAMES),
        ("hosts", NAMES),
    ],
    open: false,
};
