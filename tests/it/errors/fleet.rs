//! What can be wrong with fleet.toml and with the words that select hosts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use phoenix::fleet::{
    Fault, Finding, Fleet, FleetErrors, ParseContext, SelectError, Selector, against_flake,
    against_outline, parse,
};

use super::page::{Entry, Section, variants};

/// Texts with faults, as `=== title`, text, `---`, what is shown.
const FAULTS: &str = include_str!("../../../src/fleet/tests/faults.txt");

const HOSTS: &str = "\
[hosts.web1]\ntags = [\"web\", \"eu\"]\nprofile = \"web\"\n[hosts.web2]\ntags = [\"web\"]\n[hosts.db1]\ntags = [\"db\"]\n";

/// One selector for each way of going wrong.
const WRONG: [&[&str]; 9] = [
    &[],
    &["wep1"],
    &["app*"],
    &["web"],
    &["@bd"],
    &["profile:mail"],
    &["@db", "and", "@web"],
    &["(web1"],
    &["@web", "not", "web2"],
];

pub(super) fn sections() -> Vec<Section> {
    vec![faults(), selectors(), findings()]
}

fn read(text: &str) -> Result<Fleet, FleetErrors> {
    let cx = ParseContext {
        base_dir: PathBuf::from("/fleet"),
        home: Some(PathBuf::from("/op")),
        pinned: &|_| Vec::new(),
        cpus: 4,
    };
    parse(Path::new("fleet.toml"), text, &cx)
}

fn faults() -> Section {
    let variants =
        variants!(Fault: Syntax Duplicate UnknownKey Type Value Name TagClash TagUnused NoHosts);
    let texts = FAULTS.split("=== ").skip(1).filter_map(|case| {
        let (_, text) = case.split_once('\n')?;
        Some(text.split_once("---\n")?.0)
    });
    let mut errors: Vec<_> = texts
        .filter_map(|text| read(text).err())
        .flat_map(|errors| errors.iter().cloned().collect::<Vec<_>>())
        .collect();
    let place = |fault: &Fault| {
        variants
            .all
            .iter()
            .position(|name| *name == (variants.name)(fault))
    };
    errors.sort_by_key(|error| place(&error.fault));
    let mut seen = BTreeSet::new();
    errors.retain(|error| seen.insert(error.fault.to_string()));
    let faults: Vec<Fault> = errors.iter().map(|error| error.fault.clone()).collect();
    let mut errors = errors.iter();
    Section::new(
        "fleet.toml",
        "Exit status 3. Each is shown with its place in the file, `fleet.toml:5:1`, and the line itself.",
    )
    .with(&variants, &faults, |name, fault| {
        let hint = errors.next().and_then(|error| error.hint.clone());
        Entry::command(name, fault, hint)
    })
}

fn selectors() -> Section {
    let fleet = read(HOSTS).expect("the hosts are written as they should be");
    let select = |words: &&[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Selector::parse(&words)
            .and_then(|selector| selector.pick(&fleet))
            .expect_err("the selector is wrong")
    };
    let errors: Vec<SelectError> = WRONG.iter().map(select).collect();
    Section::new("Selectors", "Exit status 3.").with(
        &variants!(SelectError: Nothing Unmatched Empty Syntax Ambiguous),
        &errors,
        |name, error| Entry::command(name, error, error.hint()),
    )
}

fn findings() -> Section {
    let fleet = read(HOSTS).expect("the hosts are written as they should be");
    let flake = ["web1", "wep2", "mail"].map(str::to_owned);
    let mut findings: Vec<Finding> = against_flake(&fleet, &flake);
    let profiles = ["server"].map(str::to_owned);
    findings.extend(against_outline(&fleet, &profiles, &["web1".to_owned()]));
    Section::new(
        "fleet.toml and the flake",
        "`phoenix check` compares them. A host without a configuration is an error with exit status 3; a configuration \
         without a host is a note.",
    )
    .with(
        &variants!(Finding: NotInFlake NotInFleet NotDescribed NoProfile),
        &findings,
        |name, finding| Entry::command(name, finding, Some(finding.hint())),
    )
}
