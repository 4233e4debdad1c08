//! One imitation of the world for all scenarios: hosts with a running system, a profile, a
//! network and a rollback timer, driven by how each is told to behave.
//!
//! Time is tokio's, so a scenario on a paused clock takes no time.

mod host;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{BuildProgress, Built, Evaluated, Found, World};
use crate::model::{
    Derivation, Facts, Generation, Hold, HostName, Order, Origin, Problem, ProblemKind, RunState,
    StorePath, Toplevel,
};

/// How late health gates pass on a host where they pass late.
const LATE: Duration = Duration::from_secs(60);
/// How long after activation contact is lost on a host where it is lost while gates are looked at.
const LOST_AFTER: Duration = Duration::from_secs(20);

/// How a fake host behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Everything works.
    #[default]
    Works,
    /// Runs the wanted system already.
    Current,
    /// Is another machine than was adopted.
    OtherMachine,
    /// Was last deployed as `db9`.
    ServesAnother,
    /// Runs a system that phoenix never deployed.
    UnknownSystem,
    /// Runs the wanted system already, but phoenix never deployed it.
    CurrentUnknown,
    /// Its configuration makes a system for `db9`.
    Misnamed,
    /// Its configuration does not evaluate.
    EvalFails,
    /// Its system does not build.
    BuildFails,
    /// Its system takes nine seconds to build.
    BuildsLong,
    /// No address answers.
    Unreachable,
    /// Refuses the login.
    Refuses,
    /// Is of another architecture.
    OtherArchitecture,
    /// The copy breaks off.
    CopyFails,
    /// Was booted into the wanted system, as a trial.
    OnTrial,
    /// Must not be switched while it runs, and prepares its next boot instead.
    Inhibited,
    /// An operator holds it.
    Held,
    /// Refuses the order: nothing is changed.
    RefusesOrder,
    /// A unit fails during activation: the host goes back by itself.
    ServiceFails,
    /// A unit fails right after activation.
    FailsLater,
    /// Activation cuts the network; the host goes back when its deadline passes.
    LosesNetwork,
    /// Activation breaks the connection, but new ones work.
    DropsConnection,
    /// Goes dark during activation and never comes back.
    Dies,
    /// The new system runs, the boot entry cannot be written.
    BootFails,
    /// Neither the new system nor going back works.
    CannotGoBack,
    /// What health gates look at never works.
    GatesFail,
    /// What health gates look at works a minute after activation.
    GatesPassLate,
    /// Gates pass after a minute, but a unit fails meanwhile.
    FailsMeanwhile,
    /// Contact is lost 20 s after activation, while health gates are looked at.
    LostWhileGated,
}

/// One fake host.
#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    running: Toplevel,
    profile: Toplevel,
    run: Option<Open>,
    /// Parts of the new system that came before it was built.
    ahead: u64,
    /// How often a connection was opened.
    logins: u32,
}

/// A run that waits for its decision.
#[derive(Clone, Debug)]
struct Open {
    order: Order,
    old: Toplevel,
    state: RunState,
    /// When activation had ended.
    since: Instant,
    deadline: Instant,
}

/// The imitation.
#[derive(Clone, Debug, Default)]
pub struct FakeWorld {
    hosts: Rc<RefCell<BTreeMap<HostName, State>>>,
}

/// A connection to a fake host.
#[derive(Debug)]
pub struct FakeHost {
    world: FakeWorld,
    name: HostName,
    facts: Facts,
}

/// The store path of host `name`'s system number `number`.
#[must_use]
pub fn toplevel(name: &HostName, number: u8) -> Toplevel {
    let path = format!(
        "/nix/store/{}-nixos-system-{name}-{number}",
        char::from(b'0' + number).to_string().repeat(32)
    );
    Toplevel(StorePath::new(path).expect("digits are nix32"))
}

/// The machine id of host `name`.
#[must_use]
pub fn machine_id(name: &HostName) -> String {
    name.as_str()
        .bytes()
        .chain(std::iter::repeat(0))
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The host that others are taken for.
fn another() -> HostName {
    HostName::new("db9").expect("it is a name")
}

impl FakeWorld {
    /// Adds a host that runs system 1; the flake says system 2.
    pub fn add(&self, name: &HostName, behaviour: Behaviour) {
        let number = match behaviour {
            Behaviour::Current | Behaviour::OnTrial => 2,
            _ => 1,
        };
        let profile = match behaviour {
            Behaviour::OnTrial => 1,
            _ => number,
        };
        let state = State {
            behaviour,
            profile: toplevel(name, profile),
            running: toplevel(name, number),
            run: None,
            ahead: 0,
            logins: 0,
        };
        self.hosts.borrow_mut().insert(name.clone(), state);
    }

    /// What a host runs, what it boots, and how often it was logged in to.
    #[must_use]
    pub fn ended_on(&self, name: &HostName) -> (Toplevel, Toplevel, u32) {
        self.settle(name);
        let hosts = self.hosts.borrow();
        let state = &hosts[name];
        (state.running.clone(), state.profile.clone(), state.logins)
    }

    fn behaviour(&self, name: &HostName) -> Behaviour {
        self.hosts.borrow()[name].behaviour
    }

    /// Lets the host's own timer act if its time has come.
    fn settle(&self, name: &HostName) {
        let mut hosts = self.hosts.borrow_mut();
        let state = hosts.get_mut(name).expect("the host was added");
        if let Some(open) = &mut state.run
            && open.state == RunState::Probing
            && Instant::now() >= open.deadline
        {
            open.state = RunState::RolledBack;
            state.running = open.old.clone();
        }
    }

    fn network_is_down(&self, name: &HostName) -> bool {
        let hosts = self.hosts.borrow();
        let state = &hosts[name];
        match state.behaviour {
            Behaviour::Unreachable => true,
            Behaviour::Dies => state.run.is_some(),
            Behaviour::LosesNetwork => state
                .run
                .as_ref()
                .is_some_and(|open| open.state == RunState::Probing),
            Behaviour::LostWhileGated => state.run.as_ref().is_some_and(|open| {
                open.state == RunState::Probing && open.since.elapsed() >= LOST_AFTER
            }),
            _ => false,
        }
    }

    fn facts(&self, name: &HostName) -> Facts {
        let hosts = self.hosts.borrow();
        let state = &hosts[name];
        let other = state.behaviour == Behaviour::OtherArchitecture;
        let generation = |number, toplevel: &Toplevel| Generation {
            number,
            toplevel: toplevel.clone(),
        };
        let earlier = toplevel(name, 0);
        let origin = match state.behaviour {
            Behaviour::UnknownSystem | Behaviour::CurrentUnknown => Origin::Unknown,
            Behaviour::ServesAnother => Origin::Deployed { host: another() },
            _ => Origin::Deployed { host: name.clone() },
        };
        let machine = match state.behaviour {
            Behaviour::OtherMachine => another(),
            _ => name.clone(),
        };
        Facts {
            host_name: name.to_string(),
            machine_id: machine_id(&machine),
            deployed_as: origin.host().cloned(),
            origin,
            running: Some(state.running.clone()),
            booted: Some(state.running.clone()),
            profile: Some(generation(2, &state.profile)),
            generations: vec![generation(1, &earlier), generation(2, &state.profile)],
            hold: (state.behaviour == Behaviour::Held).then(|| Hold {
                who: "bob@laptop".to_owned(),
                from: Some("10.0.0.4".to_owned()),
                reason: "database migration".to_owned(),
                since: 1_795_380_244,
                until: Some(1_795_387_444),
            }),
            ..Facts::blank(if other {
                "aarch64-linux"
            } else {
                "x86_64-linux"
            })
        }
    }
}

fn failed(message: &str) -> Problem {
    Problem::new(ProblemKind::Failed, message)
}

impl World for FakeWorld {
    type Host = FakeHost;

    async fn evaluate(&self, hosts: &[HostName], found: Found<'_, Evaluated>) {
        for name in hosts {
            sleep(Duration::from_millis(100)).await;
            let toplevel = match self.behaviour(name) {
                Behaviour::Misnamed => toplevel(&another(), 2),
                _ => toplevel(name, 2),
            };
            let derivation =
                StorePath::new(format!("{toplevel}.drv")).expect("a valid name stays valid");
            let result = match self.behaviour(name) {
                Behaviour::EvalFails => Err(failed("evaluating the configuration failed")),
                _ => Ok(Evaluated {
                    derivation: Derivation(derivation),
                    toplevel,
                    system: "x86_64-linux".into(),
                    warnings: Vec::new(),
                }),
            };
            found(name, result);
        }
    }

    async fn build(
        &self,
        wanted: &[(HostName, Evaluated)],
        progress: &dyn Fn(BuildProgress),
        found: Found<'_, Built>,
    ) {
        for (done, (name, evaluated)) in (1..).zip(wanted) {
            sleep(match self.behaviour(name) {
                Behaviour::BuildsLong => Duration::from_secs(9),
                _ => Duration::from_millis(300),
            })
            .await;
            progress(BuildProgress::Count {
                done,
                expected: wanted.len() as u64,
                current: None,
            });
            let result = match self.behaviour(name) {
                Behaviour::BuildFails => Err(failed("building nginx-1.26.1 failed")),
                _ => Ok(Built {
                    toplevel: evaluated.toplevel.clone(),
                }),
            };
            found(name, result);
        }
    }

    async fn connect(&self, host: &HostName) -> Result<FakeHost, Problem> {
        self.settle(host);
        if self.network_is_down(host) {
            sleep(Duration::from_secs(10)).await;
            return Err(Problem::new(ProblemKind::Unreachable, "no address answers"));
        }
        sleep(Duration::from_millis(50)).await;
        if self.behaviour(host) == Behaviour::Refuses {
            return Err(Problem::new(
                ProblemKind::Refused,
                "the host key is not known",
            ));
        }
        self.hosts
            .borrow_mut()
            .get_mut(host)
            .expect("the host was added")
            .logins += 1;
        Ok(FakeHost {
            world: self.clone(),
            name: host.clone(),
            facts: self.facts(host),
        })
    }
}
