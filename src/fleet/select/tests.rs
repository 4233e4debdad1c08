//! Tables of selectors, and random ones that must not bring the reader down.

use super::{SelectError, Selector, names_from_lines};
use crate::fleet::Fleet;
use crate::fleet::tests::fleet;

fn sample() -> Fleet {
    fleet(
        r#"
        [hosts.db1]
        tags = ["db", "eu"]
        [hosts.web1]
        profile = "web"
        tags = ["web", "eu"]
        [hosts.web2]
        profile = "web"
        tags = ["web", "us"]
        [hosts.web3]
        profile = "edge"
        tags = ["web", "eu"]
    "#,
    )
}

/// Picks with the words of a command line: separated by spaces, `'…'` is one word.
fn pick(line: &str) -> Result<String, SelectError> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    let picked = Selector::parse(&words)?.pick(&sample())?;
    let names: Vec<&str> = picked.iter().map(|name| name.as_str()).collect();
    Ok(names.join(" "))
}

#[test]
fn picks_what_is_meant() {
    for (line, expected) in [
        ("web2", "web2"),
        ("web2 db1 web2", "db1 web2"),
        ("web2,db1", "db1 web2"),
        ("web*", "web1 web2 web3"),
        ("web? db1", "db1 web1 web2 web3"),
        ("{web1,db*}", "db1 web1"),
        ("@web", "web1 web2 web3"),
        ("@we*", "web1 web2 web3"),
        ("@{db,us}", "db1 web2"),
        ("profile:web", "web1 web2"),
        ("profile:*", "web1 web2 web3"),
        ("@web and not web3", "web1 web2"),
        ("'@web and not web3'", "web1 web2"),
        ("'@web and not web3' db1", "db1 web1 web2"),
        ("@web and !web3", "web1 web2"),
        ("@web and not '(web1 web3)'", "web2"),
        ("@web and not (web1 or web3)", "web2"),
        ("( web1 db1 ) and @eu", "db1 web1"),
        ("web2 or db1 and @eu", "db1 web2"),
        ("web* and @eu and not web1", "web3"),
        ("not @web", "db1"),
        ("!@web or web2", "db1 web2"),
        ("not not web1", "web1"),
        ("not (@web and @eu)", "db1 web2"),
    ] {
        assert_eq!(pick(line).as_deref(), Ok(expected), "{line}");
    }
}

#[test]
fn refuses_and_says_what_to_write() {
    for (line, message, hint) in [
        (
            "",
            "no hosts are selected",
            "name hosts, tags as @tag, or say --all",
        ),
        (
            "wbe1",
            "no host is called `wbe1`",
            "did you mean `web1`? hosts: db1, web1, web2, web3",
        ),
        (
            "zzz*",
            "no host's name matches `zzz*`",
            "hosts: db1, web1, web2, web3",
        ),
        (
            "web",
            "no host is called `web`",
            "did you mean `@web`? hosts: db1, web1, web2, web3",
        ),
        (
            "edge",
            "no host is called `edge`",
            "did you mean `profile:edge`? hosts: db1, web1, web2, web3",
        ),
        (
            "@wbe",
            "no host carries tag `wbe`",
            "did you mean `@web`? tags: db, eu, us, web",
        ),
        (
            "@web1",
            "no host carries tag `web1`",
            "did you mean `web1`? tags: db, eu, us, web",
        ),
        ("@x*", "no host's tag matches `x*`", "tags: db, eu, us, web"),
        (
            "profile:wep",
            "no host has fleet profile `wep`",
            "did you mean `profile:web`? fleet profiles: edge, web",
        ),
        (
            "@web and not web9",
            "no host is called `web9`",
            "did you mean `web1`? hosts: db1, web1, web2, web3",
        ),
        ("@web and @db", "`@web and @db` leaves no host", ""),
        ("not *", "`not *` leaves no host", ""),
    ] {
        let error = pick(line).unwrap_err();
        assert_eq!(error.to_string(), message, "{line}");
        let shown = error.hint().map(|hint| hint.0).unwrap_or_default();
        assert_eq!(shown, hint, "{line}");
    }
}

#[test]
fn refuses_what_is_no_selector() {
    for (line, why) in [
        ("web1 and", "a name is missing at the end"),
        ("and web1", "a name is missing beside `and` or `or`"),
        ("web1 or and web2", "a name is missing beside `and` or `or`"),
        ("not", "a name is missing at the end"),
        ("( web1", "`(` without `)`"),
        ("web1 )", "`)` without `(`"),
        ("()", "a name is missing before `)`"),
        ("@", "a name is missing"),
        ("profile:", "a name is missing"),
        ("{web1", "`{` without `}`"),
    ] {
        let shown = pick(line).unwrap_err().to_string();
        assert_eq!(
            shown,
            format!("`{line}` is not a selector: {why}"),
            "{line}"
        );
    }
    let deep = pick(&"(".repeat(100_000)).unwrap_err();
    assert!(
        deep.to_string()
            .ends_with("parentheses are nested too deep")
    );
}

#[test]
fn refuses_to_guess() {
    for line in [
        "@web not web3",
        "not web3 db1",
        "web2 db1 and @eu",
        "@web and not web3 db1",
        "!web1,web2",
    ] {
        let error = pick(line).unwrap_err();
        assert!(
            matches!(error, SelectError::Ambiguous { .. }),
            "{line}: {error}"
        );
    }
}

#[test]
fn all_is_only_all_when_said() {
    assert_eq!(Selector::all().pick(&sample()).unwrap().len(), 4);
    for line in ["", "''", "' '", ",", "all"] {
        assert!(pick(line).is_err(), "{line}");
    }
}

#[test]
fn random_words_are_read_or_refused() {
    const PIECES: [&str; 20] = [
        "web1",
        "web*",
        "@eu",
        "@",
        "profile:web",
        "profile:",
        "not",
        "!",
        "and",
        "or",
        "(",
        ")",
        ",",
        "{",
        "}",
        "{a,b}",
        " ",
        "é",
        "?",
        "",
    ];
    // A linear congruential generator: the same words on every run.
    let mut state: u64 = 1;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let sample = sample();
    let mut picked = 0;
    for _ in 0..20_000 {
        let words: Vec<String> = (0..next(8))
            .map(|_| (0..=next(3)).map(|_| PIECES[next(PIECES.len())]).collect())
            .collect();
        let hosts = Selector::parse(&words).and_then(|selector| selector.pick(&sample));
        if let Ok(hosts) = hosts {
            assert!(!hosts.is_empty() && hosts.is_sorted(), "{words:?}");
            picked += 1;
        }
    }
    assert!(
        picked > 100,
        "the words are too strange to test anything: {picked}"
    );
}

#[test]
fn standard_input_is_words_and_comments() {
    let text = "web1 web2\n# all of them\n\n  db1 # the database\r\n";
    assert_eq!(names_from_lines(text), ["web1", "web2", "db1"]);
    assert!(names_from_lines("# nothing\n").is_empty());
}
