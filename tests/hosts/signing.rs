//! Hosts that take no path without a signature.

use crate::boot::{HOST, begin, deploy, is_untouched, release};
use crate::copying::{here, world};
use crate::lab::Lab;
use crate::phoenix::{self, Phoenix};

/// The Nix configuration of the host with more in it, as long as this lives.
struct Settings<'a>(&'a Lab);

impl<'a> Settings<'a> {
    fn with(lab: &'a Lab, lines: &str) -> Self {
        let settings = Self(lab);
        let file = "/etc/nix/nix.conf";
        lab.say(
            HOST,
            &format!("cp {file} {file}.before && printf '%s\\n' '{lines}' >> {file}"),
        );
        settings
    }
}

impl Drop for Settings<'_> {
    fn drop(&mut self) {
        self.0
            .root(HOST, "mv /etc/nix/nix.conf.before /etc/nix/nix.conf");
    }
}

#[test]
fn a_host_that_wants_signatures_takes_those_of_a_key_that_it_trusts_and_no_others() {
    let lab = Lab::ready();
    let phoenix = Phoenix::new(&lab);
    let old = begin(&phoenix, &lab, "sign-old", "");
    release(&phoenix, "sign-new", &world("sign"));
    let secret = phoenix.fleet().join("secret");
    let public = phoenix.beside("public");
    let name = format!("lab-{}", std::process::id());
    let (secret, public) = (secret.display(), public.display());
    here(&format!(
        "nix-store --generate-binary-cache-key {name} {secret} {public} && chmod 644 {secret}"
    ));
    let public = here(&format!("cat {public}"));
    phoenix.settings(&format!("[hosts.{HOST}.copy]\nsigning_key = \"secret\""));
    let ran = deploy(&phoenix, &[], 3);
    assert!(ran.all().contains("chmod 600"), "{}", ran.all());
    here(&format!("chmod 600 {secret}"));

    let settings = Settings::with(&lab, "require-sigs = true");
    let ran = deploy(&phoenix, &[], 1);
    assert_eq!(phoenix::outcome(&ran, HOST), "failed");
    let told = ran.all();
    assert!(
        told.contains("does not trust the key of `signing_key`")
            && told.contains("trusted-public-keys")
            && told.contains(&public),
        "{told}"
    );
    is_untouched(&lab, &old);
    drop(settings);

    let keys = format!("require-sigs = true\ntrusted-public-keys = {public}");
    let settings = Settings::with(&lab, &keys);
    let ran = deploy(&phoenix, &[], 0);
    assert_eq!(phoenix::outcome(&ran, HOST), "confirmed");
    drop(settings);
    let system = lab.running(HOST);
    let known = lab.say(HOST, &format!("nix path-info --sigs {system}"));
    assert!(known.contains(&format!("{name}:")), "{known}");
    // By what the host's Nix thinks of it, too, and for all that was sent.
    let verify = format!(
        "nix store verify --no-contents --sigs-needed 1 --option trusted-public-keys {public} {system}"
    );
    lab.say(HOST, &verify);
    // The workstation's own store has none of it.
    let mine = format!("nix --extra-experimental-features nix-command path-info --sigs {system}");
    assert!(!here(&mine).contains(&name));
}
