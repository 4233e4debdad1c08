//! What phoenix reads of this machine's store, from its database and from a daemon, beside what
//! Nix itself says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use phoenix::adapter::process::{self, Command};
use phoenix::adapter::store::{Closure, LocalStore};
use phoenix::archive::Dump;
use phoenix::model::{NarHash, PathInfo, Problem, StorePath};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;

use super::daemon::serve;

const LIMIT: Duration = Duration::from_secs(120);
const STATE: &str = "/nix/var/nix";

/// Bytes up to which a path is read whole.
const SMALL: u64 = 8 << 20;

/// How many paths of the store are looked at, spread over all of it.
const SAMPLES: usize = 40;

/// Builders need neither namespaces nor build users, and nothing is fetched.
const OPTIONS: &str = "--option sandbox false --option build-users-group  --option substituters  \
                       --option experimental-features nix-command";

async fn run(program: &str, args: &[&str]) -> String {
    let command = Command::new(program, LIMIT).args(args.iter().copied());
    let output = process::run(&command).await;
    let output = output.unwrap_or_else(|failure| panic!("{program} {args:?}: {failure:?}"));
    output.text().trim_end().to_owned()
}

async fn read(of: &StorePath) -> Result<Arc<Closure>, Problem> {
    LocalStore::new(STATE.into()).closure(of).await
}

/// A store without a database, whose daemon can be asked.
async fn ask(of: &StorePath) -> Result<Arc<Closure>, Problem> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("daemon-socket")).unwrap();
    let listener = UnixListener::bind(folder.path().join("daemon-socket/socket")).unwrap();
    let store = LocalStore::new(folder.path().into());
    let (closure, ()) = futures::join!(store.closure(of), serve(listener, None));
    closure
}

fn by_path(closure: &Closure) -> BTreeMap<&StorePath, &Arc<PathInfo>> {
    let paths = closure.paths().iter().map(|info| (&info.path, info));
    let all: BTreeMap<_, _> = paths.collect();
    assert_eq!(
        all.len(),
        closure.paths().len(),
        "a path stands there twice"
    );
    all
}

fn in_order(closure: &Closure) {
    let mut seen = BTreeSet::new();
    for info in closure.paths() {
        let missing = info.needs().find(|path| !seen.contains(path));
        assert_eq!(missing, None, "{} comes too early", info.path);
        seen.insert(&info.path);
    }
}

/// What `nix-store --dump-db` tells of a path; of signatures and content it is silent.
#[derive(Debug, PartialEq)]
struct Dumped {
    hash: NarHash,
    size: u64,
    deriver: Option<StorePath>,
    references: BTreeSet<StorePath>,
}

fn dumped(text: &str) -> BTreeMap<StorePath, Dumped> {
    let mut lines = text.lines();
    let mut all = BTreeMap::new();
    while let Some(path) = lines.next() {
        let mut line = || lines.next().expect("the list is whole");
        let hash = NarHash::read(line()).unwrap();
        let size = line().parse().unwrap();
        let deriver = Some(line()).filter(|line| !line.is_empty());
        let count = line().parse().unwrap();
        let dumped = Dumped {
            hash,
            size,
            deriver: deriver.map(|line| StorePath::new(line).unwrap()),
            references: (0..count)
                .map(|_| StorePath::new(line()).unwrap())
                .collect(),
        };
        all.insert(StorePath::new(path).unwrap(), dumped);
    }
    all
}

/// Reads a path, which has to be what the database says.
fn read_whole(info: &PathInfo) {
    let (mut dump, mut hash, mut size) = (Dump::of(info.path.as_path()), Sha256::new(), 0);
    let mut more = true;
    while more {
        let mut out = Vec::new();
        more = dump.fill(&mut out, 64 << 10).unwrap();
        hash.update(&out);
        size += out.len() as u64;
    }
    assert_eq!(size, info.nar_size, "{}", info.path);
    let hash = NarHash::new(hash.finalize().into());
    assert_eq!(hash, info.nar_hash, "{}", info.path);
}

/// Holds a closure against all that Nix tells of it.
async fn check(root: &StorePath, known: &BTreeMap<StorePath, Dumped>) {
    let (read, asked) = (read(root).await.unwrap(), ask(root).await.unwrap());
    let (from_database, from_daemon) = (by_path(&read), by_path(&asked));
    let requisites = run("nix-store", &["--query", "--requisites", root.as_str()]).await;
    let requisites: BTreeSet<&str> = requisites.lines().collect();
    let paths: BTreeSet<&str> = from_database.keys().map(|path| path.as_str()).collect();
    assert_eq!(paths, requisites, "{root}");
    assert_eq!(from_database, from_daemon, "{root}");
    assert_eq!(read.paths().last().map(|info| &info.path), Some(root));
    for closure in [&read, &asked] {
        in_order(closure);
    }
    let root = from_database[root];
    if root.nar_size < SMALL {
        read_whole(root);
    }
    for (path, info) in from_database {
        let found = Dumped {
            hash: info.nar_hash,
            size: info.nar_size,
            deriver: info.deriver.clone(),
            references: info.references.clone(),
        };
        assert_eq!(Some(&found), known.get(path), "{path}");
    }
}

/// Paths that know all there is to know: one needs itself and another, and is signed.
struct Made {
    folder: tempfile::TempDir,
    root: StorePath,
    signed: String,
    added: StorePath,
}

async fn made() -> Made {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("added"), file("salt")).unwrap();
    let added = run("nix-store", &["--add", &file("added")]).await;
    let options: Vec<&str> = OPTIONS.split(' ').collect();
    let expression = format!(
        r#"derivation {{
          name = "whole";
          system = "{}-linux";
          builder = "/bin/sh";
          args = [ "-c" "echo $out ${{builtins.storePath {added}}} > $out" ];
        }}"#,
        std::env::consts::ARCH
    );
    let link = file("root");
    let build = ["--expr", &expression, "--out-link", &link];
    let root = run("nix-build", &[&build[..], &options].concat()).await;
    let (secret, public) = (file("secret"), file("public"));
    let keys = ["--generate-binary-cache-key", "test-1", &secret, &public];
    run("nix-store", &keys).await;
    let sign = ["store", "sign", "--key-file", &secret, &root];
    run("nix", &[&sign[..], &options].concat()).await;
    Made {
        root: StorePath::new(root).unwrap(),
        signed: "test-1:".to_owned(),
        added: StorePath::new(added).unwrap(),
        folder,
    }
}

#[tokio::test]
async fn database_daemon_and_nix_agree() {
    let made = made().await;
    let known = dumped(&run("nix-store", &["--dump-db"]).await);
    check(&made.root, &known).await;
    let closure = read(&made.root).await.unwrap();
    let [added, root] = closure.paths() else {
        panic!("{closure:?}");
    };
    assert_eq!([&added.path, &root.path], [&made.added, &made.root]);
    let content = added.content_address.as_deref().unwrap_or_default();
    assert!(content.starts_with("fixed:r:sha256:"), "{content}");
    assert!(root.references.contains(&made.root), "{root:?}");
    assert!(root.deriver.is_some());
    let signatures = root.signatures.concat();
    assert!(signatures.starts_with(&made.signed), "{signatures}");
    assert!(made.folder.path().join("root").exists());

    let deep = known.iter().max_by_key(|(_, info)| info.references.len());
    let spread = known.keys().step_by(known.len() / SAMPLES + 1);
    for path in spread.chain(deep.map(|(path, _)| path)) {
        // Others may collect garbage meanwhile.
        let validity = Command::new("nix-store", LIMIT).args(["--check-validity", path.as_str()]);
        if process::run(&validity).await.is_ok() {
            check(path, &known).await;
        }
    }
}

#[tokio::test]
async fn a_path_that_the_store_lacks_is_told() {
    let path = format!("/nix/store/{}-nowhere", "0".repeat(32));
    let path = StorePath::new(path).unwrap();
    for closure in [read(&path).await, ask(&path).await] {
        let problem = closure.unwrap_err();
        assert!(problem.message.contains("is not in"), "{problem:?}");
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_asked_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("/nix/store/{}-nowhere", "0".repeat(32));
    let path = StorePath::new(path).unwrap();
    let problem = LocalStore::new(folder.path().into()).closure(&path).await;
    let causes = problem.unwrap_err().causes.join("\n");
    for words in ["daemon-socket/socket", "store's database"] {
        assert!(causes.contains(words), "{causes}");
    }
}

/// What is said of a store without a database, whose daemon answers with these bytes and then
/// hangs up, if it does.
async fn answered(bytes: &[u8], hangs_up: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("daemon-socket")).unwrap();
    let listener = UnixListener::bind(folder.path().join("daemon-socket/socket")).unwrap();
    let path = format!("/nix/store/{}-nowhere", "0".repeat(32));
    let path = StorePath::new(path).unwrap();
    let store = LocalStore::new(folder.path().into());
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(bytes).await.unwrap();
        match hangs_up {
            true => None,
            false => Some(stream),
        }
    };
    let (closure, _stream) = futures::join!(store.closure(&path), answer);
    closure.unwrap_err().causes.join("\n")
}

fn recorded(case: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/daemon/2.34.8");
    std::fs::read(format!("{folder}/{case}")).unwrap()
}

#[tokio::test]
async fn a_daemon_that_gives_no_answer_is_told() {
    let greeting = recorded("greeting");
    for bytes in [&[][..], &greeting[..20], &greeting] {
        let causes = answered(bytes, true).await;
        let ended = ["it closed the connection", "Broken pipe", "reset by peer"];
        assert!(ended.iter().any(|words| causes.contains(words)), "{causes}");
    }
    let causes = answered(b"sh: nix-daemon: not found\n", false).await;
    assert!(causes.contains("does not speak"), "{causes}");
    // An error comes where its messages after the greeting should end.
    let refusal = recorded("add-without-reference");
    let refusal = [&greeting[..greeting.len() - 8], &refusal[greeting.len()..]].concat();
    let causes = answered(&refusal, false).await;
    assert!(causes.contains("is not valid"), "{causes}");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_says_nothing_is_not_waited_for() {
    let causes = answered(&recorded("greeting"), false).await;
    assert!(causes.contains("no answer within 60 s"), "{causes}");
}
