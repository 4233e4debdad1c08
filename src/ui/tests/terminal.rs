//! The live display on a terminal in memory.

use std::time::Duration;

use indicatif::{InMemoryTerm, ProgressDrawTarget};

use crate::event::{Event, ProgressEvent};
use crate::model::{Copied, Outcome, Stage};
use crate::ui::sample::{copying, ends, enters, leaves, log, sent, started};
use crate::ui::terminal::Terminal;
use crate::ui::view::Size;
use crate::ui::{Paint, State};

/// A terminal of a size, with a run drawn on it.
struct Screen {
    memory: InMemoryTerm,
    terminal: Terminal,
    state: State,
    now: Duration,
}

impl Screen {
    fn new(lines: usize, columns: usize) -> Self {
        let memory = InMemoryTerm::new(lines as u16, columns as u16);
        let target = ProgressDrawTarget::term_like(Box::new(memory.clone()));
        let size = Size { lines, columns };
        Self {
            memory,
            terminal: Terminal::new(target, move || size, Paint::OFF),
            state: State::default(),
            now: Duration::ZERO,
        }
    }

    /// Every event comes a second after the one before.
    fn feed(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.state.apply(self.now, &event);
            self.terminal.event(&self.state, self.now, &event);
            self.now += Duration::from_secs(1);
        }
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        let found = self.memory.contents();
        assert_eq!(found, expected.trim_end(), "\n{found}");
    }
}

fn three_hosts() -> Vec<Event> {
    vec![
        started(&["web1", "web2", "database"]),
        enters("web1", Stage::Copy),
        copying("web1", 12_897_485, 40, Some(120)),
        sent("web2", Stage::Copy, 900, Some(2048)),
        enters("web2", Stage::Activate),
        log(
            "web2",
            Stage::Activate,
            "starting the following units: a, b",
        ),
        ends("database", Outcome::Confirmed),
        Event::Progress(ProgressEvent::Build {
            done: 3,
            expected: 9,
            current: Some("linux-6.6.1".to_owned()),
        }),
    ]
}

/// A copy whose bytes are known, ten seconds after it began at 1 MiB/s.
fn counted(columns: usize) -> Screen {
    let mut screen = Screen::new(24, columns);
    let copied = |tenth: u64| {
        Event::Progress(ProgressEvent::Copy {
            host: crate::ui::sample::host("web1"),
            copied: Copied {
                bytes: tenth << 20,
                paths: 4 * tenth,
                expected_paths: Some(120),
                nar_bytes: Some((3 * tenth) << 20),
                expected_nar_bytes: Some(60 << 20),
                ..Copied::default()
            },
        })
    };
    // It waits for its turn for half a minute.
    screen.feed([started(&["web1"]), enters("web1", Stage::Copy)]);
    screen.now += Duration::from_secs(30);
    screen.feed([copied(0)]);
    screen.now += Duration::from_secs(9);
    screen.feed([copied(10)]);
    screen
}

#[test]
fn what_went_ahead_is_no_part_of_the_rate() {
    let mut screen = Screen::new(24, 100);
    let copied = |paths: u64, ahead: u64| {
        Event::Progress(ProgressEvent::Copy {
            host: crate::ui::sample::host("web1"),
            copied: Copied {
                bytes: paths << 20,
                paths,
                expected_paths: Some(120),
                nar_bytes: Some(paths << 20),
                expected_nar_bytes: Some(120 << 20),
                ahead,
                ..Copied::default()
            },
        })
    };
    screen.feed([started(&["web1"]), enters("web1", Stage::Build)]);
    screen.now += Duration::from_secs(58);
    screen.feed([copied(80, 80)]);
    screen.check(
        "\
web1  build        80 paths ahead · 80.0 MiB                                                    0:59
0 of 1 done · 1 building · 80.0 MiB sent · 1:00
",
    );
    let left = sent("web1", Stage::Build, 60_000, None);
    screen.feed([left, enters("web1", Stage::Copy), copied(80, 80)]);
    screen.now += Duration::from_secs(8);
    screen.feed([copied(100, 80)]);
    screen.check(
        "\
web1  copy         100 MiB of 120 MiB · 100 of 120 paths · 2.0 MiB/s · 0:10 left                0:10
0 of 1 done · 1 copying · 100 MiB sent · 1:12
",
    );
}

#[test]
fn a_copy_that_is_counted_tells_its_rate_and_what_is_left_where_there_is_room() {
    counted(120).check(
        "\
web1  copy         30.0 MiB of 60.0 MiB · 40 of 120 paths · 1.0 MiB/s · 0:10 left                                   0:41
0 of 1 done · 1 copying · 10.0 MiB sent · 0:42
",
    );
    counted(60).check(
        "\
web1  copy         30.0 MiB of 60.0 MiB                 0:41
0 of 1 done · 1 copying · 10.0 MiB sent · 0:42
",
    );
}

#[test]
fn three_hosts_at_80_columns() {
    let mut screen = Screen::new(24, 80);
    screen.feed(three_hosts());
    screen.check(
        "\
web1      copy         12.3 MiB · 40 of 120 paths                           0:06
web2      activate     starting the following units: a, b                   0:03
database  confirmed                                                         1:04
1 of 3 done · 1 activating · 1 copying · 3 of 9 built · 12.3 MiB sent · 0:07
",
    );
}

#[test]
fn three_hosts_at_40_columns() {
    let mut screen = Screen::new(24, 40);
    screen.feed(three_hosts());
    screen.check(
        "\
web1      copy         12.3 MiB     0:06
web2      activate     starting t…  0:03
database  confirmed                 1:04
1 of 3 done · 12.3 MiB sent · 0:07
",
    );
}

#[test]
fn the_log_of_a_failed_activation_stays_above() {
    let mut screen = Screen::new(24, 80);
    let stage = Stage::Activate;
    screen.feed([
        started(&["web1", "web2"]),
        enters("web1", stage),
        log("web1", stage, "\x1b[31mfailed to start nginx"),
        enters("web2", Stage::Copy),
        leaves("web1", stage, 5),
        ends("web1", Outcome::RolledBack { stage }),
    ]);
    screen.check(
        "\
web1 | failed to start nginx
web1  rolled back  activation failed                                        1:04
web2  copy                                                                  0:02
1 of 2 done · 1 failed · 1 copying · 0:05
",
    );
    screen.terminal.clear();
    screen.check("web1 | failed to start nginx");
}

#[test]
fn of_200_hosts_those_in_late_stages_are_shown() {
    let names: Vec<_> = (1..=200).map(|number| format!("host-{number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut screen = Screen::new(10, 80);
    screen.feed([started(&names)]);
    screen.feed(names[..20].iter().map(|name| enters(name, Stage::Copy)));
    screen.feed([
        enters("host-150", Stage::Activate),
        ends("host-1", Outcome::Confirmed),
        ends("host-2", Outcome::Failed { stage: Stage::Copy }),
    ]);
    screen.check(
        "\
host-2  failed
host-3    copy                                                              0:20
host-4    copy                                                              0:19
host-5    copy                                                              0:18
host-6    copy                                                              0:17
host-150  activate                                                          0:02
… and 14 hosts at work
2 of 200 done · 1 failed · 1 activating · 18 copying · 179 waiting · 0:23
",
    );
}

#[test]
fn nothing_is_drawn_over_a_question() {
    let mut screen = Screen::new(24, 80);
    screen.feed([started(&["web1"])]);
    let gate = screen.terminal.gate();
    let held = gate.enter();
    let before = screen.memory.contents();
    screen.feed([enters("web1", Stage::Copy)]);
    assert_eq!(screen.memory.contents(), before);
    drop(held);
    screen.terminal.draw(&screen.state, screen.now);
    assert!(screen.memory.contents().contains("copy"));
}

#[test]
fn a_tiny_terminal_is_no_reason_to_panic() {
    for (lines, columns) in [(1, 1), (2, 5), (4, 12), (5, 20)] {
        let mut screen = Screen::new(lines, columns);
        screen.feed(three_hosts());
        screen.terminal.clear();
    }
}
