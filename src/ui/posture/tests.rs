//! What is shown of small and of large fleets.

use super::*;
use crate::model::{Control, Day, Declared, Deviation, Written};
use crate::ui::sample;

fn judged(name: &str, state: Declared, expires: Option<&str>) -> Judged {
    let differs = !matches!(state, Declared::Held | Declared::Inapplicable);
    let finding = Deviation {
        option: format!("services.{name}.open"),
        found: "true".to_owned(),
        expected: "false".to_owned(),
        files: vec!["profiles/web.nix:12".to_owned()],
    };
    let control = Control {
        control: name.to_owned(),
        title: format!("The {name}"),
        state,
        why: (state == Declared::Inapplicable).then(|| "the kernel is not its own".to_owned()),
        findings: if differs { vec![finding] } else { Vec::new() },
        exception: expires.map(|expires| Written {
            reason: "the old client\nneeds it".to_owned(),
            expires: expires.to_owned(),
            since: None,
            file: Some("hosts/a.nix:3".to_owned()),
        }),
    };
    let day = |text| Day::parse(text).unwrap();
    control
        .judge(Some(day("2026-11-01")), day("2026-11-27"))
        .unwrap()
}

fn fleet() -> Vec<(HostName, Vec<Judged>)> {
    use Declared::{Excepted, Held, Inapplicable, Weakened};
    let web = || {
        vec![
            judged("audit", Held, None),
            judged("kernel", Held, None),
            judged("sshd", Excepted, Some("2027-03-01")),
        ]
    };
    vec![
        (sample::host("web1"), web()),
        (sample::host("web2"), web()),
        (
            sample::host("box"),
            vec![
                judged("audit", Inapplicable, None),
                judged("kernel", Inapplicable, None),
                judged("sshd", Weakened, None),
                judged("tmp", Excepted, Some("2026-11-26")),
                judged("usb", Held, Some("2026-11-27")),
            ],
        ),
    ]
}

fn check(hosts: &Postures, width: usize, expected: &str) {
    let found = render(hosts, 0, Some(width), Paint::OFF);
    assert_eq!(found, expected, "\n{found}");
}

const STORY: &str = "
weakened  sshd  box
    services.sshd.open is true, expected false
    set in profiles/web.nix:12
    no system is made of it: take it back, or write an exception
expired  tmp  box
    services.tmp.open is true, expected false
    set in profiles/web.nix:12
    because the old client needs it
    until 2026-11-26, ran out 1 day ago; since 2026-11-01, 26 days
    written in hosts/a.nix:3
excepted  sshd  web1 web2
    services.sshd.open is true, expected false
    set in profiles/web.nix:12
    because the old client needs it
    until 2027-03-01, 94 days left; since 2026-11-01, 26 days
    written in hosts/a.nix:3
unneeded  usb  box
    because the old client needs it
    until 2026-11-27, its last day is today; since 2026-11-01, 26 days
    written in hosts/a.nix:3
    nothing differs: the exception can go
inapplicable  audit, kernel  box
    the kernel is not its own

3 hosts, 5 controls: 1 weakened · 1 expired · 2 excepted · 1 unneeded · 2 inapplicable · 4 held
";

#[test]
fn a_small_fleet_is_told_in_words() {
    let table = "\
control  web1      web2      box
audit    held      held      -
kernel   held      held      -
sshd     excepted  excepted  weakened
tmp                          expired
usb                          unneeded
";
    check(&fleet(), 80, &format!("{table}{STORY}"));
}

#[test]
fn signs_and_numbers_and_counts_need_less_room() {
    let rows = |text: &str| text.replace('|', "\n");
    let signs = rows(
        "control  web1  web2  box|audit    ·     ·     -|kernel   ·     ·     -|\
         sshd     e     e     W|tmp                  X|usb                  u|",
    );
    let legend = "W weakened   X expired\ne excepted   u unneeded\n- inapplicable   · held\n";
    check(&fleet(), 30, &format!("{signs}{legend}{STORY}"));
    let numbers = rows(
        "control  1  2  3|audit    ·  ·  -|kernel   ·  ·  -|sshd     e  e  W|\
         tmp            X|usb            u|",
    );
    let names = "1 web1   2 web2\n3 box\n";
    let legend = "W weakened\nX expired\ne excepted\nu unneeded\n- inapplicable\n· held\n";
    check(&fleet(), 20, &format!("{numbers}{legend}{names}{STORY}"));
    let found = render(&fleet(), 0, Some(12), Paint::OFF);
    assert!(found.starts_with("host  weakened  expired"), "{found}");
    assert!(
        found.contains("\nbox          1        1         -         1"),
        "{found}"
    );
}

#[test]
fn twelve_hosts_and_25_controls_fit_a_terminal_of_80_columns() {
    let controls = |host: usize| {
        let declared = |control: usize| match (host + control) % 7 {
            0 => judged(
                &format!("control-{control}"),
                Declared::Excepted,
                Some("2027-01-01"),
            ),
            _ => judged(&format!("control-{control}"), Declared::Held, None),
        };
        (0..25).map(declared).collect::<Vec<_>>()
    };
    let hosts: Vec<_> = (0..12)
        .map(|host| (sample::host(&format!("workstation-{host}")), controls(host)))
        .collect();
    let found = render(&hosts, 0, Some(80), Paint::OFF);
    let table: Vec<&str> = found.lines().take(26).collect();
    assert_eq!(table[0].split_whitespace().last(), Some("12"));
    assert!(table.iter().all(|line| line.chars().count() <= 80));
    assert!(found.contains("\nexcepted  control-0  workstation-0 workstation-7\n"));
    assert_eq!(table[1], "control-0   e  ·  ·  ·  ·  ·  ·  e  ·  ·   ·   ·");
}

#[test]
fn what_all_hosts_of_a_larger_fleet_share_names_none() {
    let host = |name| {
        let aside = vec![judged("tpm", Declared::Inapplicable, None)];
        (sample::host(name), aside)
    };
    let hosts = ["a", "b", "c", "d"].map(host);
    let found = render(&hosts, 0, None, Paint::OFF);
    assert!(
        found.contains("\ninapplicable  tpm  all 4 hosts\n"),
        "{found}"
    );
    let found = render(&hosts, 1, None, Paint::OFF);
    assert!(found.contains("\ninapplicable  tpm  a b c d\n"), "{found}");
    assert!(
        found.ends_with("inapplicable; 1 host is not known\n"),
        "{found}"
    );
}

#[test]
fn what_a_flake_says_steers_no_terminal_and_hides_nothing() {
    let mut control = judged(
        "a\u{1b}]0;x\u{7}\u{1b}[31m\nb",
        Declared::Excepted,
        Some("2027-01-01"),
    );
    control.exception.as_mut().unwrap().reason = "bad\rgood".to_owned();
    let found = render(
        &[(sample::host("web1"), vec![control])],
        0,
        None,
        Paint::OFF,
    );
    assert!(found.contains("because bad\\rgood\n"), "{found}");
    let steers = |letter: char| letter.is_control() && letter != '\n';
    assert!(!found.contains(steers), "{found:?}");
    assert!(found.lines().all(|line| !line.starts_with('b')), "{found}");
}

#[test]
fn a_fleet_that_holds_everything_has_little_to_say() {
    let hosts = [(
        sample::host("web1"),
        vec![judged("sshd", Declared::Held, None)],
    )];
    check(
        &hosts,
        80,
        "control  web1\nsshd     held\n\n1 host, 1 control: 1 held\n",
    );
    check(&[], 80, "");
}
