//! One host of the lab and an operator who deploys to it alone.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::Value;

use super::cell::{LONG_LEASE, Release};
use super::contact;
use crate::command::Ran;
use crate::lab::Lab;
use crate::phoenix::{Phoenix, Running};

/// A host and its operator.
pub(super) struct Bench<'a> {
    /// The lab.
    pub(super) lab: &'a Lab,
    /// The host.
    pub(super) host: String,
    /// Where it is reached.
    pub(super) address: IpAddr,
    /// Port of the page that tells the version.
    pub(super) port: u16,
    /// Its service, as in `web`.
    pub(super) profile: &'static str,
    phoenix: Phoenix,
    /// The fleet.toml that the lab wrote.
    fleet: String,
    /// Counts operators; each has a record of its own.
    operators: u32,
}

/// The lab's fleet profiles by the beginning of a host's name, with the port of their page.
const PROFILES: [(&str, &str, u16); 4] = [
    ("db", "database", 8081),
    ("app", "app", 8082),
    ("edge", "edge", 8083),
    ("batch", "batch", 8084),
];

/// A run of phoenix that has begun or ended.
pub(super) struct Told {
    /// Folder with the journals of this operator.
    state: PathBuf,
}

impl<'a> Bench<'a> {
    /// An operator of one host, with the agents of `agents`.
    pub(super) fn new(lab: &'a Lab, host: &str, agents: &std::path::Path) -> Self {
        let mut phoenix = Phoenix::stranger(lab);
        phoenix.set("PHOENIX_AGENTS", agents);
        let fleet = fs::read_to_string(phoenix.fleet().join("fleet.toml"));
        let profile = PROFILES.iter().find(|(name, _, _)| host.starts_with(name));
        let (_, profile, port) = profile.copied().unwrap_or(("web", "web", 8080));
        let address = lab.host(host).address;
        Self {
            lab,
            host: host.to_owned(),
            address: address.parse().expect("the lab gives IP addresses"),
            port,
            profile,
            phoenix,
            fleet: fleet.expect("the lab wrote it"),
            operators: 0,
        }
    }

    /// Orders a release other than the present one, unless the same is wanted. Returns its version.
    pub(super) fn release(&mut self, release: Release) -> String {
        let present = self.version().unwrap_or_default();
        let number = if release.variant == "working" { 1 } else { 9 };
        // Two versions take turns: hosts outlive a test run, and have both in their stores soon.
        let turns = [format!("{number}.1"), format!("{number}.0")];
        let is_next = |version: &String| release.is_same == (*version == present);
        let version = turns.into_iter().find(is_next);
        let version = version.expect("one of two is not the present one");
        self.phoenix.release(&format!(
            "[default]\nversion = \"{version}\"\nvariant = \"{}\"\n{}\n",
            release.variant, release.more
        ));
        version
    }

    /// Sets the limits of the next deployments, in seconds.
    pub(super) fn limits(&self, activate: u32, lease: u32) {
        let limits = format!(
            "\n[defaults.activate]\ntimeout = \"{activate}s\"\nconfirm_timeout = \"{lease}s\"\n"
        );
        let file = self.phoenix.fleet().join("fleet.toml");
        fs::write(file, format!("{}{limits}", self.fleet)).expect("the folder is ours");
    }

    /// Sets limits that a busy machine keeps.
    pub(super) fn ease(&self) {
        self.limits(LONG_LEASE, LONG_LEASE);
    }

    /// The first deployment to a host that phoenix may know nothing of.
    pub(super) fn first_deploy(&mut self) {
        self.ease();
        self.release(super::cell::WORKING);
        let adopt = ["adopt", self.host.as_str(), "--yes", "--replace"];
        self.phoenix.run(&adopt).expect_code(0);
        self.deploy(&[]).1.expect_code(0);
    }

    /// Deploys the present release as another operator, to the end.
    pub(super) fn deploy(&mut self, options: &[&str]) -> (Told, Ran) {
        let told = self.operator();
        let ran = self.phoenix.run(&deploy(&self.host, options));
        (told, ran)
    }

    /// Begins to deploy the present release as another operator.
    pub(super) fn begin(&mut self, options: &[&str]) -> (Told, Running) {
        let told = self.operator();
        let running = self.phoenix.start(&deploy(&self.host, options));
        (told, running)
    }

    /// Asks about the host, as the operator who began a run.
    pub(super) fn status(&mut self, told: &Told, json: bool) -> Ran {
        self.phoenix.set("XDG_STATE_HOME", &told.state);
        let mut args = vec!["status", self.host.as_str()];
        args.extend(json.then_some("--json"));
        self.phoenix.run(&args)
    }

    fn operator(&mut self) -> Told {
        self.operators += 1;
        let state = self.phoenix.beside(&format!("state-{}", self.operators));
        self.phoenix.set("XDG_STATE_HOME", &state);
        Told { state }
    }

    /// The version the host serves now.
    pub(super) fn version(&self) -> Option<String> {
        contact::version(self.address, self.port)
    }

    /// Gives the host what every test needs, whatever the cell before left behind: link, power, sshd.
    pub(super) fn recover(&self) {
        self.lab.heal(&self.host);
        self.lab.kill(&self.host);
        self.lab.start(&self.host);
        self.lab.wait(&self.host);
        self.lab
            .until(&self.host, 60, "test -e /run/current-system");
    }
}

fn deploy<'a>(host: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["deploy", host, "--yes"], options].concat()
}

impl Told {
    /// The events of this operator's one run, as its journal has them.
    pub(super) fn events(&self) -> Vec<Value> {
        let runs = fs::read_dir(self.state.join("phoenix/runs"));
        let folders = runs.into_iter().flatten().filter_map(Result::ok);
        let texts =
            folders.filter_map(|run| fs::read_to_string(run.path().join("events.jsonl")).ok());
        let text: String = texts.collect();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// The run's id.
    pub(super) fn run(&self) -> Option<String> {
        let events = self.events();
        let started = events
            .iter()
            .find(|event| event["event"] == "run-started")?;
        started["run"].as_str().map(str::to_owned)
    }

    /// The host's result, if the run had one.
    pub(super) fn result(&self, host: &str) -> Value {
        let events = self.events();
        let last = events
            .iter()
            .rfind(|event| event["event"] == "host-finished" && event["host"] == host);
        last.map(|last| last["result"].clone()).unwrap_or_default()
    }
}
