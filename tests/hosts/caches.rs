//! `substitute = true`: what hosts fetch from their own binary caches, and what they are sent.

use std::net::TcpListener;

use crate::boot::{HOST, begin, deploy};
use crate::copying::{Slow, build, copy_stage, dump, here, payload};
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// Paths of a megabyte that are new.
const PATHS: u32 = 12;

/// phoenix, and a host that runs what has nothing of the payload, and that
/// fetches from a cache, as long as this lives.
struct Scene {
    phoenix: Phoenix,
    lab: Lab,
    /// What the host is meant to run.
    system: String,
    /// Paths of it that the cache has, with those that they need.
    cached: String,
}

impl Scene {
    fn new(test: &str) -> Self {
        let lab = Lab::ready();
        let phoenix = Phoenix::new(&lab);
        phoenix.settings("[defaults.copy]\nsubstitute = true\n");
        begin(&phoenix, &lab, &format!("{test}-old"), "");
        payload(&phoenix, &format!("{test}-new"), PATHS);
        let system = build(&phoenix);
        let cached = here(&format!(
            "nix-store --query --requisites {system} | grep -e -lab-payload- | tail -n +3 | paste -sd' '"
        ));
        Self {
            phoenix,
            lab,
            system,
            cached,
        }
    }

    /// Signs what the cache has; says the public key.
    fn sign(&self) -> String {
        let folder = self.phoenix.beside("key");
        let key = folder.display();
        here(&format!(
            "mkdir {key} && nix-store --generate-binary-cache-key lab-cache {key}/secret {key}/public && \
             nix --extra-experimental-features nix-command store sign --key-file {key}/secret {} && \
             cat {key}/public",
            self.cached
        ))
    }

    /// Has the host fetch from a cache.
    fn fetches_from(&self, url: &str, key: &str) {
        let conf = format!(
            "cp -n /etc/nix/nix.conf /etc/nix/nix.conf.own && \
             printf 'substituters = %s\\ntrusted-public-keys = %s\\n' '{url}' '{key}' >>/etc/nix/nix.conf"
        );
        self.lab.say(HOST, &conf);
    }

    /// Deploys over a slow link, and says what is told of the copy.
    fn deploy(&self) -> serde_json::Value {
        let slow = Slow::to(&self.lab, "8mbit");
        let ran = deploy(&self.phoenix, &[], 0);
        drop(slow);
        assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
        let (lab, system) = (&self.lab, &self.system);
        let paths = "| sed -e '/^sha256:/d'";
        assert_eq!(
            lab.say(HOST, &(dump(system) + paths)),
            here(&(dump(system) + paths))
        );
        copy_stage(&ran)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let undo = "mv /etc/nix/nix.conf.own /etc/nix/nix.conf; rm -rf /var/cache/lab-binary-cache";
        self.lab.root(HOST, undo);
    }
}

#[test]
fn a_host_fetches_what_its_caches_have_and_is_sent_the_rest() {
    let scene = Scene::new("cached");
    let key = scene.sign();
    let cache = scene.phoenix.beside("cache");
    let put = format!(
        "nix --extra-experimental-features nix-command copy --no-check-sigs \
           --to 'file://{0}?compression=none' {1} && \
         tar -C {0} -c . | {lab} root {HOST} sh -c \
           'mkdir -p /var/cache/lab-binary-cache && tar -C /var/cache/lab-binary-cache -x'",
        cache.display(),
        scene.cached,
        lab = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"),
    );
    here(&put);
    scene.fetches_from("file:///var/cache/lab-binary-cache", &key);

    let told = scene.deploy();

    let note = told["note"].as_str().expect("it tells of paths").to_owned();
    let fetched = note
        .split(", ")
        .find_map(|part| part.strip_suffix(" from its caches"));
    let fetched: u32 = fetched.and_then(|count| count.parse().ok()).unwrap_or(0);
    // The link could have carried some meanwhile.
    assert!(fetched >= PATHS / 2, "{note}");
    let sent = told["bytes"].as_u64().expect("it tells bytes");
    assert!(
        sent < u64::from(PATHS - fetched + 1) << 20,
        "{sent} bytes, {note}"
    );
}

#[test]
fn a_cache_that_never_answers_is_not_waited_for() {
    let scene = Scene::new("silent");
    let key = scene.sign();
    let silent = TcpListener::bind("0.0.0.0:0").expect("a port is free");
    let port = silent.local_addr().expect("it has an address").port();
    let address = scene.lab.host(HOST).address;
    let network = address.rsplit_once('.').expect("an IPv4 address").0;
    scene.fetches_from(&format!("http://{network}.1:{port}"), &key);

    let told = scene.deploy();

    let note = told["note"].as_str().expect("it tells of paths");
    assert!(!note.contains("from its caches"), "{note}");
    assert!(silent.accept().is_ok(), "the host asked");
}
