//! The Nix adapter against the Nix of this machine, on tiny flakes that build with `/bin/sh`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use phoenix::adapter::nix::{BuildJob, CopyJob, EvalJob, Nix, root_of};
use phoenix::adapter::process::{self, Command};
use phoenix::model::{EvalSettings, HostName, Problem, ProblemKind};
use phoenix::world::{BuildProgress, Built, Evaluated};
use tempfile::TempDir;

use super::daemon::serve;

const LIMIT: Duration = Duration::from_secs(120);

/// Nothing is fetched, and builders need neither namespaces nor build users.
async fn nix() -> Nix {
    let options = [
        ("build-users-group", ""),
        ("max-jobs", "2"),
        ("sandbox", "false"),
        ("substituters", ""),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Nix::detect(BTreeMap::from(options), LIMIT)
        .await
        .expect("these tests need Nix on this machine: `apt install nix-bin`, or https://nixos.org/download")
}

/// A flake in a folder of its own; its derivations are new in every run.
struct Flake {
    folder: TempDir,
}

impl Flake {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let salt = folder.path().display().to_string();
        let text = text.replace("SALT", &salt);
        std::fs::write(folder.path().join("flake.nix"), text).expect("the folder is ours");
        Self { folder }
    }

    /// `hosts` are attributes of `nixosConfigurations`, written with `make name { extra }`.
    fn of(hosts: &str) -> Self {
        Self::new(
            &format!(
                r#"{{
              outputs = {{ self }}: let
                plain = name: extra: derivation ({{
                  inherit name;
                  system = builtins.currentSystem or "SYSTEM";
                  builder = "/bin/sh";
                  args = [ "-c" "echo making ${{name}}; echo $extra > $out" ];
                  salt = "SALT";
                }} // extra);
                make = name: extra: {{
                  config.system.build.toplevel = plain "nixos-system-${{name}}" extra;
                }};
                broken = plain "broken-1.0" {{
                  args = [ "-c" "echo first words; echo last words >&2; exit 3" ];
                }};
              in {{ nixosConfigurations = {{ {hosts} }}; }};
            }}"#
            )
            .replace("SYSTEM", &format!("{}-linux", std::env::consts::ARCH)),
        )
    }

    fn job(&self, hosts: &[&str]) -> EvalJob {
        EvalJob {
            flake: format!("path:{}", self.folder.path().display()),
            before: vec!["nixosConfigurations".into()],
            after: ["config", "system", "build", "toplevel"]
                .map(Into::into)
                .into(),
            hosts: hosts.iter().map(|host| name(host)).collect(),
            settings: EvalSettings {
                workers: 2,
                memory: None,
                limit: LIMIT,
            },
        }
    }

    fn roots(&self) -> PathBuf {
        self.folder.path().join("gcroots")
    }
}

fn name(text: &str) -> HostName {
    HostName::new(text).expect("names of these tests are host names")
}

/// Collects results and sees to it that each host gets exactly one.
struct Results<T>(RefCell<BTreeMap<String, Result<T, Problem>>>);

impl<T> Results<T> {
    fn new() -> Self {
        Self(RefCell::default())
    }

    fn take(&self, host: &HostName, result: Result<T, Problem>) {
        let before = self.0.borrow_mut().insert(host.to_string(), result);
        assert!(before.is_none(), "{host} got a second result");
    }

    fn good(&self, host: &str) -> T
    where
        T: Clone,
    {
        match self.0.borrow().get(host) {
            Some(Ok(value)) => value.clone(),
            Some(Err(problem)) => panic!("{host}: {problem:?}"),
            None => panic!("{host} got no result"),
        }
    }

    fn bad(&self, host: &str) -> Problem {
        match self.0.borrow().get(host) {
            Some(Err(problem)) => problem.clone(),
            Some(Ok(_)) => panic!("{host} has no problem"),
            None => panic!("{host} got no result"),
        }
    }

    fn count(&self) -> usize {
        self.0.borrow().len()
    }
}

async fn evaluate(job: &EvalJob) -> Results<Evaluated> {
    let results = Results::new();
    nix()
        .await
        .evaluate(job, &|host, result| results.take(host, result))
        .await;
    assert_eq!(results.count(), job.hosts.len());
    results
}

/// Evaluates and builds hosts that all evaluate; gives results and what was shown.
async fn build(flake: &Flake, hosts: &[&str]) -> (Results<Built>, Vec<BuildProgress>) {
    let evaluated = evaluate(&flake.job(hosts)).await;
    let wanted: Vec<(HostName, Evaluated)> = hosts
        .iter()
        .map(|host| (name(host), evaluated.good(host)))
        .collect();
    let (results, shown) = (Results::new(), RefCell::new(Vec::new()));
    let job = BuildJob {
        roots: flake.roots(),
        limit: LIMIT,
    };
    let progress = |step| shown.borrow_mut().push(step);
    nix()
        .await
        .build(&wanted, &job, &progress, &|host, result| {
            results.take(host, result);
        })
        .await;
    assert_eq!(results.count(), hosts.len());
    (results, shown.into_inner())
}

#[tokio::test]
async fn one_host_s_error_costs_no_other_its_result() {
    let flake = Flake::of(
        r#"
        a = make "a" {};
        b = throw "b has no disk";
        c = make "c" {};
        d = { config.system.build.toplevel = {}.nothing; };
        "e.f" = make "e" {};
        g = {};
        "#,
    );
    let hosts = ["a", "b", "c", "d", "e.f", "g", "aa"];
    let results = evaluate(&flake.job(&hosts)).await;
    for host in ["a", "c", "e.f"] {
        let evaluated = results.good(host);
        assert!(evaluated.derivation.0.as_path().exists());
        assert!(evaluated.system.ends_with("-linux"));
    }
    let thrown = results.bad("b");
    assert_eq!(thrown.message, "evaluating b failed");
    assert_eq!(thrown.causes, ["b has no disk"]);
    assert_eq!(results.bad("d").causes, ["attribute 'nothing' missing"]);
    assert_eq!(
        results.bad("g").message,
        "nixosConfigurations.g of the flake has no config.system.build.toplevel"
    );
    let missing = results.bad("aa");
    assert_eq!(missing.message, "the flake has no nixosConfigurations.aa");
    assert!(missing.hint.expect("names are offered").0.contains("`a`"));
}

#[tokio::test]
async fn what_is_wrong_with_the_flake_is_found_once() {
    let flake = Flake::new("{ outputs = { self }: {\n nixosConfigurations = { a = 1 }; }; }");
    let hosts: Vec<String> = (0..100).map(|number| format!("h{number}")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let results = evaluate(&flake.job(&hosts)).await;
    let problem = results.bad("h99");
    assert!(problem.causes[0].starts_with("syntax error"), "{problem:?}");
    assert!(problem.log.join("\n").contains("flake.nix:2:"));
    assert_eq!(results.bad("h0"), problem);
}

#[tokio::test]
async fn hosts_of_a_flake_are_listed() {
    let flake = Flake::of(r#"b = throw "never asked"; "a.b" = {};"#);
    let nix = nix().await;
    let mut job = flake.job(&[]);
    assert_eq!(
        nix.hosts_of_flake(&job).await,
        Ok(vec!["a.b".into(), "b".into()])
    );
    job.before = vec!["nixosSystems".into()];
    let problem = nix.hosts_of_flake(&job).await.expect_err("there is none");
    assert!(problem.causes[0].contains("does not provide attribute"));
}

#[tokio::test]
async fn systems_below_other_attributes_are_found() {
    let flake = Flake::new(
        r#"{ outputs = { self }: { deploy.all."x.y".web = derivation {
          name = "web"; system = "x86_64-linux"; builder = "/bin/sh"; salt = "SALT";
        }; }; }"#,
    );
    let mut job = flake.job(&["web"]);
    job.before = ["deploy", "all", "x.y"].map(Into::into).into();
    job.after = Vec::new();
    let results = evaluate(&job).await;
    assert_eq!(results.good("web").toplevel.path().name(), "web");
}

#[tokio::test]
async fn built_systems_are_held_and_failures_are_told_host_by_host() {
    let flake = Flake::of(
        r#"
        good = make "good" { extra = plain "part" {}; };
        twin = make "good" { extra = plain "part" {}; };
        bad1 = make "bad1" { extra = broken; };
        bad2 = make "bad2" { extra = broken; };
        foreign = make "foreign" { system = "riscv64-none"; };
        "#,
    );
    let hosts = ["good", "twin", "bad1", "bad2", "foreign"];
    let (results, shown) = build(&flake, &hosts).await;
    for host in ["good", "twin"] {
        let toplevel = results.good(host).toplevel;
        let root = root_of(&flake.roots(), &name(host));
        let target = std::fs::read_link(&root).expect("the root is a link");
        assert_eq!(target, toplevel.path().as_path());
        let command =
            Command::new("nix-store", LIMIT).args(["--query", "--roots", toplevel.path().as_str()]);
        let roots = process::run(&command).await.expect("the path is there");
        let line = root.display().to_string();
        assert!(roots.text().contains(&line), "{}", roots.text());
    }
    for host in ["bad1", "bad2"] {
        let problem = results.bad(host);
        assert_eq!(problem.message, "building broken-1.0 failed");
        assert!(problem.causes[0].ends_with("failed with exit code 3"));
        assert_eq!(problem.log, ["first words", "last words"]);
        let hint = problem.hint.expect("the log can be read").0;
        assert!(hint.starts_with("`nix log /nix/store/"), "{hint}");
    }
    let foreign = results.bad("foreign");
    assert_eq!(foreign.message, "building nixos-system-foreign failed");
    assert!(foreign.causes[0].contains("riscv64-none"), "{foreign:?}");
    let line = BuildProgress::Log("nixos-system-good> making nixos-system-good".into());
    assert!(shown.contains(&line), "{shown:?}");
}

#[tokio::test]
async fn a_system_that_is_ready_waits_for_no_other() {
    // The slow one ends only when the quick one has its result.
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let flag = folder.path().join("quick-is-done");
    let flake = Flake::of(&format!(
        r#"
        quick = make "quick" {{}};
        slow = make "slow" {{
          args = [ "-c" "while ! [ -e {0} ]; do :; done; echo > $out" ];
        }};
        "#,
        flag.display()
    ));
    let evaluated = evaluate(&flake.job(&["quick", "slow"])).await;
    let wanted = ["quick", "slow"].map(|host| (name(host), evaluated.good(host)));
    let job = BuildJob {
        roots: flake.roots(),
        limit: LIMIT,
    };
    let order = RefCell::new(Vec::new());
    let found = |host: &HostName, result: Result<Built, Problem>| {
        let _built = result.expect("both can be built");
        order.borrow_mut().push(host.to_string());
        std::fs::write(&flag, "").expect("the folder is ours");
    };
    nix().await.build(&wanted, &job, &|_| {}, &found).await;
    assert_eq!(order.into_inner(), ["quick", "slow"]);
}

#[tokio::test]
async fn what_is_built_already_is_only_held() {
    let flake = Flake::of(r#"a = make "a" {}; b = make "b" {};"#);
    let (_, shown) = build(&flake, &["a", "b"]).await;
    assert!(!shown.is_empty());
    let (results, shown) = build(&flake, &["a", "b"]).await;
    assert_eq!(shown, []);
    assert!(results.good("a").toplevel.path().as_path().exists());
}

#[tokio::test]
async fn a_closure_is_copied_through_a_socket() {
    let flake = Flake::of(r#"a = make "a" { extra = plain "part" {}; };"#);
    let (results, _) = build(&flake, &["a"]).await;
    let toplevel = results.good("a").toplevel;
    let folder = flake.folder.path().join("host");
    let socket = flake.folder.path().join("s");
    let nix = nix().await;
    for expected in [2, 0] {
        let _ = std::fs::remove_file(&socket);
        let listener = tokio::net::UnixListener::bind(&socket).expect("the folder is ours");
        let job = CopyJob {
            toplevel: toplevel.clone(),
            socket: socket.clone(),
            substitute: false,
            limit: LIMIT,
        };
        let counts = RefCell::new(Vec::new());
        let progress = |done, expected| counts.borrow_mut().push((done, expected));
        let (copied, ()) =
            futures::join!(nix.copy(&job, &progress), serve(listener, Some(&folder)));
        assert_eq!(copied, Ok(()));
        assert_eq!(counts.borrow().last(), Some(&(expected, Some(expected))));
    }
    let path = toplevel.path().as_str().trim_start_matches('/');
    assert!(folder.join(path).exists());
}

#[tokio::test]
async fn a_daemon_that_hangs_up_is_a_lost_connection() {
    let flake = Flake::of(r#"a = make "a" {};"#);
    let (results, _) = build(&flake, &["a"]).await;
    let socket = flake.folder.path().join("s");
    let listener = tokio::net::UnixListener::bind(&socket).expect("the folder is ours");
    let job = CopyJob {
        toplevel: results.good("a").toplevel,
        socket,
        substitute: true,
        limit: LIMIT,
    };
    let hang_up = async { drop(listener.accept().await) };
    let nix = nix().await;
    let (copied, ()) = futures::join!(nix.copy(&job, &|_, _| {}), hang_up);
    let problem = copied.expect_err("nothing was copied");
    assert_eq!(problem.kind, ProblemKind::Lost, "{problem:?}");
}
