//! Units made of a few lines.

use super::*;

/// A system whose units have these texts; `mask` masks one.
fn system(units: &[(&str, &str)]) -> Contents {
    let text = |text: &str| (text != "mask").then(|| text.to_owned());
    let units = units
        .iter()
        .map(|(name, lines)| ((*name).to_owned(), text(lines)));
    Contents {
        units: units.collect(),
        ..Contents::default()
    }
}

fn live(names: &[&str]) -> LiveUnits {
    let all: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    LiveUnits {
        active: all.clone(),
        loaded: all,
    }
}

/// All that happens, in one line.
fn told(changes: &UnitChanges) -> String {
    let UnitChanges {
        stop,
        start,
        restart,
        reload,
        skip,
        come,
    } = changes;
    let lists = [
        ("stop", stop),
        ("start", start),
        ("restart", restart),
        ("reload", reload),
        ("skip", skip),
        ("come", come),
    ];
    let lists = lists.iter().filter(|(_, units)| !units.is_empty());
    let lists = lists.map(|(word, units)| {
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        format!("{word} {}", units.join(" "))
    });
    lists.collect::<Vec<_>>().join("; ")
}

/// One service, before and after, that runs.
fn check_service(before: &str, after: &str, expected: &str) {
    let found = units(
        &system(&[("a.service", before)]),
        &system(&[("a.service", after)]),
        &live(&["a.service"]),
    );
    assert_eq!(told(&found), expected, "{before:?} → {after:?}");
}

#[test]
fn a_changed_service_is_stopped_and_started_unless_it_says_otherwise() {
    let old = "[Service]\nExecStart=/old\n";
    let new = "[Service]\nExecStart=/new\n";
    check_service(old, old, "");
    check_service(old, new, "stop a.service; start a.service");
    let with = |line: &str| format!("{new}{line}\n");
    check_service(old, &with("X-StopIfChanged=false"), "restart a.service");
    check_service(old, &with("X-ReloadIfChanged=true"), "reload a.service");
    check_service(old, &with("X-RestartIfChanged=no"), "skip a.service");
    check_service(old, &with("[Unit]\nRefuseManualStop=yes"), "skip a.service");
    check_service(old, &with("[Unit]\nX-OnlyManualStart=1"), "skip a.service");
    check_service(old, "mask", "stop a.service");
}

#[test]
fn what_does_not_matter_to_what_runs_restarts_nothing() {
    let old =
        "[Unit]\nDescription=one\nX-Reload-Triggers=a\n[Service]\nExecStart=/a\nExecReload=/r\n";
    for (from, to, expected) in [
        ("one", "two", ""),
        ("Description=one\n", "", ""),
        (
            "X-Reload-Triggers=a",
            "X-Reload-Triggers=b",
            "reload a.service",
        ),
        ("X-Reload-Triggers=a\n", "", ""),
        ("ExecReload=/r", "ExecReload=/s", "reload a.service"),
        ("ExecReload=/r\n", "", ""),
        (
            "ExecReload=/r",
            "ExecReload=/r\n# a remark\n[Install]\nWantedBy=x.target",
            "",
        ),
        (
            "[Unit]\n",
            "[Unit]\nAfter=x\n",
            "stop a.service; start a.service",
        ),
        ("ExecStart=/a", "ExecStart=/b\nExecStart=\nExecStart=/a", ""),
        (
            "ExecStart=/a",
            "ExecStart=/a \\\n  --more",
            "stop a.service; start a.service",
        ),
    ] {
        check_service(old, &old.replace(from, to), expected);
    }
}

#[test]
fn sockets_are_restarted_in_place_of_the_services_they_start() {
    let socket = ("a.socket", "[Socket]\nListenStream=1\n");
    let old = system(&[("a.service", "[Service]\nExecStart=/old\n"), socket]);
    let new = system(&[("a.service", "[Service]\nExecStart=/new\n"), socket]);
    let found = units(&old, &new, &live(&["a.service", "a.socket"]));
    assert_eq!(told(&found), "stop a.service a.socket; start a.socket");
    // The socket is new: it starts the service.
    let before = system(&[("a.service", "[Service]\nExecStart=/old\n")]);
    let found = units(&before, &new, &live(&["a.service"]));
    assert_eq!(told(&found), "stop a.service");
    let both = "[Service]\nExecStart=/new\nX-NotSocketActivated=true\n";
    let new = system(&[("a.service", both), socket]);
    let found = units(&old, &new, &live(&["a.service", "a.socket"]));
    assert_eq!(
        told(&found),
        "stop a.service a.socket; start a.service a.socket"
    );
}

#[test]
fn what_is_gone_is_stopped_and_what_never_ran_left_alone() {
    let old = system(&[
        ("gone.service", ""),
        ("stays.service", "[Unit]\nX-StopOnRemoval=false\n"),
        ("idle.service", ""),
    ]);
    let found = units(
        &old,
        &system(&[]),
        &live(&["gone.service", "stays.service", "foreign.service"]),
    );
    assert_eq!(told(&found), "stop gone.service");
}

#[test]
fn instances_follow_their_template_and_their_drop_ins() {
    let template = |line: &str| format!("[Service]\nExecStart={line}\n");
    let (one, two) = (template("/1"), template("/2"));
    let drop_in = ("a@x.service.d/overrides.conf", "[Service]\nNice=1\n");
    let old = system(&[("a@.service", &one), drop_in]);
    let running = live(&["a@x.service", "a@y.service"]);
    let new = system(&[("a@.service", &two), drop_in]);
    let both = "stop a@x.service a@y.service; start a@x.service a@y.service";
    assert_eq!(told(&units(&old, &new, &running)), both);
    // The instance is declared no more; the one that somebody started goes on.
    let new = system(&[("a@.service", &one)]);
    assert_eq!(told(&units(&old, &new, &running)), "stop a@x.service");
}

#[test]
fn kinds_that_cannot_be_restarted_are_not() {
    let kinds = [
        "a.slice",
        "a.path",
        "a.socket",
        "-.mount",
        "data.mount",
        "a.timer",
    ];
    let text = |value: &str| kinds.map(|name| (name, format!("[X]\nA={value}\n")));
    let (old, new) = (text("1"), text("2"));
    let system = |texts: &[(&str, String)]| {
        let texts: Vec<_> = texts
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        super::tests::system(&texts)
    };
    let found = units(&system(&old), &system(&new), &live(&kinds));
    assert_eq!(told(&found), "restart a.timer data.mount; reload -.mount");
}

#[test]
fn new_units_come_with_what_wants_them() {
    let old = system(&[("multi-user.target", "[Unit]\n"), ("had.service", "")]);
    let new = system(&[
        ("multi-user.target", "[Unit]\nWants=told.service\n"),
        ("multi-user.target.wants/linked.service", ""),
        ("multi-user.target.wants/had.service", ""),
        (
            "linked.service",
            "[Unit]\nRequires=deep.service absent.service\n",
        ),
        ("told.service", ""),
        ("deep.service", ""),
        ("unwanted.service", ""),
        ("had.service", ""),
    ]);
    let found = units(&old, &new, &live(&["multi-user.target"]));
    assert_eq!(
        told(&found),
        "come deep.service linked.service told.service"
    );
}

#[test]
fn a_changed_fstab_is_told_by_mount_units() {
    let fstab = |text: &str| {
        let mut contents = Contents::default();
        contents
            .texts
            .insert("etc/fstab".to_owned(), text.to_owned());
        contents
    };
    let old = fstab(
        "# made by NixOS\n/dev/a / ext4 x 0 1\n/dev/b /nix ext4 x\n/dev/c /var/my-data ext4 x\n\
         /dev/d /gone ext4 x\n/dev/e /other ext4 x\n/dev/s none swap x\n",
    );
    let new = fstab(
        "/dev/a / ext4 y\n/dev/z /nix ext4 x\n/dev/c /var/my-data ext4 y\n/dev/f /other ext4 x\n\
         /dev/g /new ext4 x\n",
    );
    let found = units(&old, &new, &LiveUnits::default());
    let expected = "stop gone.mount; restart other.mount; reload -.mount var-my\\x2ddata.mount; skip nix.mount";
    assert_eq!(told(&found), expected);
}
