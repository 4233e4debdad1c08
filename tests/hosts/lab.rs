//! The lab's hosts, seen and changed from outside, without phoenix.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::command::{self, Ran};

/// Limit for anything that is asked of the lab; a reboot is the longest.
const LIMIT: u32 = 180;

/// The number of the lab that [`Lab::machine`] makes.
const MACHINE_LAB: u8 = 9;

/// A lab that is up.
pub(crate) struct Lab {
    program: PathBuf,
    /// Of a lab that was made for one test, beside the one that runs; it goes with this value.
    own: Option<u8>,
}

/// A host as `lab list --json` describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct LabHost {
    /// Name in the lab and in its fleet.toml.
    pub(crate) name: String,
    /// IP address.
    pub(crate) address: String,
    /// `running` or `stopped`.
    pub(crate) state: String,
    /// `up` or `cut`.
    pub(crate) link: String,
}

impl Lab {
    /// The lab that runs on this machine, with every host running and every link joined again,
    /// whatever the test before left behind.
    pub(crate) fn ready() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab");
        let lab = Self { program, own: None };
        let hosts = lab.list();
        assert!(
            !hosts.is_empty(),
            "the lab is not up; run these tests with: ./check hosts"
        );
        for host in hosts {
            if host.link != "up" {
                lab.heal(&host.name);
            }
            if host.state != "running" {
                lab.start(&host.name);
            }
            lab.ask(&["wait", &host.name]);
        }
        lab
    }

    /// A lab of one host, `web1`, that is an emulated machine with a kernel and a clock of its
    /// own. Slow: it takes a minute or two to come up.
    pub(crate) fn machine() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/lab");
        let own = Some(MACHINE_LAB);
        let lab = Self { program, own };
        lab.ask(&["up", "1"]);
        lab.ask(&["machine", "web1"]);
        lab.ask(&["wait", "web1", "170"]);
        lab
    }

    /// The hosts there are.
    pub(crate) fn list(&self) -> Vec<LabHost> {
        let ran = self.ask(&["list", "--json"]);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.all()))
    }

    /// One of them.
    pub(crate) fn host(&self, name: &str) -> LabHost {
        let mut hosts = self.list().into_iter();
        let found = hosts.find(|host| host.name == name);
        found.unwrap_or_else(|| panic!("the lab has no host {name}; ./check hosts starts it"))
    }

    /// Runs a command line over SSH, as the account that logs in.
    pub(crate) fn ssh(&self, host: &str, command: &str) -> Ran {
        self.try_to(&["ssh", host, command])
    }

    /// Runs a shell command line as root, without network and SSH.
    pub(crate) fn root(&self, host: &str, command: &str) -> Ran {
        self.try_to(&["root", host, "sh", "-c", command])
    }

    /// What a shell command line that must succeed prints when root runs it, trimmed.
    #[track_caller]
    pub(crate) fn say(&self, host: &str, command: &str) -> String {
        let ran = self.root(host, command).expect_code(0);
        ran.stdout.trim().to_owned()
    }

    /// What the host runs.
    #[track_caller]
    pub(crate) fn running(&self, host: &str) -> String {
        self.say(host, "readlink -f /run/current-system")
    }

    /// What the host's next boot starts.
    #[track_caller]
    pub(crate) fn boots(&self, host: &str) -> String {
        self.say(host, "cat /boot/loader/default")
    }

    /// Waits on the host itself until a shell command line succeeds there.
    #[track_caller]
    pub(crate) fn until(&self, host: &str, seconds: u32, condition: &str) {
        let script = format!("until {condition}; do sleep 0.2; done");
        let seconds = seconds.to_string();
        self.ask(&["root", host, "timeout", &seconds, "sh", "-c", &script]);
    }

    /// The page that the host's service serves on `port`, asked from this machine.
    #[track_caller]
    pub(crate) fn page(&self, host: &str, port: u16) -> String {
        let url = format!("http://{}:{port}/", self.host(host).address);
        let mut curl = command::limited(30, "curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "20"]);
        let ran = command::run(curl.arg(url)).expect_code(0);
        ran.stdout.trim().to_owned()
    }

    /// Logins that the host's sshd has accepted since it was made.
    #[track_caller]
    pub(crate) fn logins(&self, host: &str) -> usize {
        let log = self.ask(&["sshlog", host]).stdout;
        log.matches("Accepted publickey").count()
    }

    /// Cuts the host's link; open connections hear nothing of it.
    pub(crate) fn cut(&self, host: &str) {
        self.ask(&["cut", host]);
    }

    /// Lets no more through to the host than this rate, as in `20mbit`.
    pub(crate) fn slow(&self, host: &str, rate: &str) {
        self.ask(&["slow", host, rate]);
    }

    /// Joins the link again, as fast as it was.
    pub(crate) fn heal(&self, host: &str) {
        self.ask(&["heal", host]);
    }

    /// Cuts the host's power.
    pub(crate) fn kill(&self, host: &str) {
        self.ask(&["kill", host]);
    }

    /// Switches it on again.
    pub(crate) fn start(&self, host: &str) {
        self.ask(&["start", host]);
    }

    /// Reboots it cleanly.
    pub(crate) fn reboot(&self, host: &str) {
        self.ask(&["reboot", host]);
    }

    /// Writes a fleet that is ready to deploy into `folder`.
    pub(crate) fn write_fleet(&self, folder: &Path) {
        let folder = folder.to_str().expect("temporary folders have plain names");
        self.ask(&["fleet", folder]);
    }

    /// Waits until a host's sshd answers.
    pub(crate) fn wait(&self, host: &str) {
        self.ask(&["wait", host]);
    }

    /// Where the password is that sudo asks for on some hosts.
    pub(crate) fn password_file(&self) -> String {
        self.ask(&["password-file"]).stdout.trim().to_owned()
    }

    #[track_caller]
    fn ask(&self, args: &[&str]) -> Ran {
        self.try_to(args).expect_code(0)
    }

    fn try_to(&self, args: &[&str]) -> Ran {
        let mut lab = command::limited(LIMIT, &self.program);
        if let Some(number) = self.own {
            lab.env("PHOENIX_LAB_NUMBER", number.to_string());
        }
        command::run(lab.args(args))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.own.is_some() {
            // Nothing to be done about it here; the next test that wants this lab says so.
            let _ = self.try_to(&["down"]);
        }
    }
}
