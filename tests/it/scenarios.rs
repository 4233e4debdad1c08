//! Whole runs against the fake world, on a paused clock. A new case is a new file in
//! tests/scenarios and its snapshot beside it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use phoenix::engine::{self, Desk, Stop};
use phoenix::event::{Event, StepEvent};
use phoenix::model::{
    ActivateSettings, AskedFrom, Gate, GateKind, GateName, HostName, HttpUrl, Identity, Level,
    Mode, Nonce, OnInhibitor, OnStranded, Parallel, RunId, Stage,
};
use phoenix::plan::{Goal, Request, Target, Waived};
use phoenix::world::fake::{Behaviour, FakeWorld, machine_id};
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Scenario {
    #[serde(default)]
    until: Option<Stage>,
    #[serde(default)]
    rollback: bool,
    /// Prepares the next boot instead of activating.
    #[serde(default)]
    boot: bool,
    /// The operator's answer to the plan; without one nothing is asked.
    #[serde(default)]
    answer: Option<bool>,
    /// Seconds after which the operator interrupts, once or twice.
    #[serde(default)]
    interrupts: Vec<f64>,
    #[serde(default)]
    despite_hold: bool,
    #[serde(default)]
    fail_fast: bool,
    #[serde(default)]
    activates_at_once: Option<usize>,
    #[serde(default)]
    copies_at_once: Option<usize>,
    #[serde(default)]
    replace_unknown: bool,
    #[serde(default)]
    rename: bool,
    hosts: BTreeMap<String, Behaviour>,
    #[serde(default)]
    may_be_offline: Vec<String>,
    /// Gates of every host beside the one that each has.
    #[serde(default)]
    health: Vec<Page>,
}

/// A gate that looks at a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Page {
    name: String,
    level: Level,
    deadline: u64,
    #[serde(default)]
    stable_for: u64,
}

impl Page {
    fn gate(&self) -> Gate {
        Gate {
            name: GateName::new(&self.name).unwrap(),
            level: self.level,
            kind: GateKind::Http {
                url: HttpUrl::new("http://{host}/").unwrap(),
                from: AskedFrom::Workstation,
                status: Vec::new(),
                contains: None,
            },
            deadline: Duration::from_secs(self.deadline),
            interval: Duration::from_secs(2),
            stable_for: Duration::from_secs(self.stable_for),
            timeout: Duration::from_secs(10),
        }
    }
}

#[test]
fn every_scenario_ends_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    assert!(
        files.len() >= 15,
        "scenarios are missing from {}",
        folder.display()
    );
    for file in files {
        let scenario: Scenario = toml::from_str(&fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        crate::snapshot::check(&file.with_extension("txt"), &play(&scenario));
    }
}

fn play(scenario: &Scenario) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = FakeWorld::default();
        for (name, behaviour) in &scenario.hosts {
            world.add(&HostName::new(name).unwrap(), *behaviour);
        }
        let (events, mut received) = mpsc::channel(4096);
        let (to_stop, stop) = watch::channel(Stop::No);
        let (_to_answer, answer) = watch::channel(scenario.answer);
        let desk = Desk {
            events,
            stop,
            answer,
        };
        let began = Instant::now();
        let operator = async {
            for (at, stop) in scenario.interrupts.iter().zip([Stop::Drain, Stop::Leave]) {
                sleep_until(began + Duration::from_secs_f64(*at)).await;
                to_stop.send_replace(stop);
            }
        };
        let request = request(scenario);
        let run = engine::run(&world, &request, &desk);
        let mut story = String::new();
        let reader = async {
            while let Some(event) = received.recv().await {
                tell(&mut story, began, &event);
                if matches!(event, Event::Step(StepEvent::RunFinished { .. })) {
                    break;
                }
            }
        };
        futures::join!(run, operator, reader);
        for name in scenario.hosts.keys() {
            let (running, profile, logins) = world.ended_on(&HostName::new(name).unwrap());
            let number = |path: &phoenix::model::Toplevel| {
                path.path().name().rsplit('-').next().unwrap().to_owned()
            };
            writeln!(
                story,
                "= {name} runs {}, boots {}, {logins} logins",
                number(&running),
                number(&profile)
            )
            .unwrap();
        }
        story
    })
}

fn request(scenario: &Scenario) -> Request {
    let target = |name: &String| Target {
        host: HostName::new(name).unwrap(),
        activate: ActivateSettings {
            limit: Duration::from_secs(300),
            confirm_limit: Duration::from_secs(30),
            on_inhibitor: OnInhibitor::Fail,
            on_stranded: OnStranded::Reboot,
        },
        health: std::iter::once(Gate::systemd())
            .chain(scenario.health.iter().map(Page::gate))
            .collect(),
        may_be_offline: scenario.may_be_offline.contains(name),
    };
    Request {
        run: RunId::at(0, [0; 3]),
        nonce: Nonce::new([0; 16]),
        command: "deploy".to_owned(),
        who: "ann@desk".to_owned(),
        goal: if scenario.rollback {
            Goal::Rollback { to: None }
        } else {
            Goal::Deploy {
                until: scenario.until.unwrap_or(Stage::Confirm),
            }
        },
        machines: scenario.hosts.keys().map(machine).collect(),
        waived: Waived {
            unknown: scenario.replace_unknown,
            name: scenario.rename,
        },
        mode: if scenario.boot {
            Mode::Boot
        } else {
            Mode::Test
        },
        targets: scenario.hosts.keys().map(target).collect(),
        parallel: Parallel {
            connect: 8,
            copy: scenario.copies_at_once.unwrap_or(8),
            activate: scenario.activates_at_once.unwrap_or(8),
        },
        ask: scenario.answer.is_some(),
        fail_fast: scenario.fail_fast,
        despite_hold: scenario.despite_hold,
    }
}

/// Every host was adopted as the machine it is in the fake world.
fn machine(name: &String) -> (HostName, Option<Identity>) {
    let host = HostName::new(name).unwrap();
    let identity = Identity {
        machine_id: machine_id(&host),
        root_device: None,
    };
    (host, Some(identity))
}

/// One line an event, with the time since the run began.
fn tell(story: &mut String, began: Instant, event: &Event) {
    let at = began.elapsed().as_secs_f64();
    let line = match event {
        Event::Progress(_) => return,
        Event::Step(StepEvent::RunFinished { hosts, .. }) => {
            let ends: Vec<String> = hosts
                .iter()
                .map(|(host, end)| format!("{host} {}", end.outcome.word()))
                .collect();
            format!("run finished: {}", ends.join(", "))
        }
        Event::Step(step) => {
            let mut value = serde_json::to_value(step).unwrap();
            let object = value.as_object_mut().unwrap();
            for noise in ["run", "version", "from", "to", "millis"] {
                object.remove(noise);
            }
            let word = object.remove("event").unwrap();
            let fields = serde_json::to_string(&value)
                .unwrap()
                .replace(['{', '}', '"'], "");
            format!("{} {}", word.as_str().unwrap(), without_hashes(&fields))
        }
    };
    writeln!(story, "{at:7.2}  {line}").unwrap();
}

/// Store paths of the fake world differ only in the number at their end.
fn without_hashes(text: &str) -> String {
    (0..3).fold(text.replace("/nix/store/", ""), |text, digit: u8| {
        text.replace(&format!("{}-nixos-", digit.to_string().repeat(32)), "")
            .replace(&digit.to_string().repeat(8), "")
    })
}
