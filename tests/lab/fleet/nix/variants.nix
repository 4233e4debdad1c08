# What may be wrong with a release, by the name that release.toml gives it. Each says what it adds to a working host:
#   toplevel     what to do with the finished derivation
#   needs        derivations in the closure
#   activation   a script of faults/ that `activate` runs
#   unit         a script of faults/ that a unit of lab-system.target runs, with `start` and with `stop`
#   page         a script of faults/ that the service runs first
#   check        a script of faults/ that switch-to-configuration asks before it does anything
#   lock         a script of faults/ that keeps switch-to-configuration from its lock
#   interface    init-interface-version
#   omit         a file to leave out of the toplevel
#   platform     what the toplevel says it was built for
{
  build,
  name,
  release,
}:
let
  fault =
    script:
    build.derive
      {
        name = "lab-fault-${script}";
        seconds = toString (release.activation_seconds or 10);
        text = build.script (../faults + "/${script}.sh");
      }
      ''
        printf %s "$text" | sed "s|@seconds@|$seconds|" >$out
        chmod +x $out
      '';
in
{
  working = { };

  service-fails.page = fault "service-fails";

  activation-fails.activation = fault "activation-fails";
  activation-hangs.activation = fault "activation-hangs";
  slow-activation.activation = fault "slow-activation";
  state-mounted-over.activation = fault "state-mounted-over";
  state-read-only.activation = fault "state-read-only";
  state-removed.activation = fault "state-removed";

  network-down.unit = fault "network-down";
  sshd-stops.unit = fault "sshd-stops";
  firewall-closes.unit = fault "firewall-closes";
  sshd-stays-down.unit = fault "sshd-stays-down";
  ssh-port-changes.unit = fault "ssh-port-changes";
  address-changes.unit = fault "address-changes";

  check-fails.check = fault "check-fails";
  second-test-fails.lock = fault "second-test-fails";
  later-tests-fail.lock = fault "later-tests-fail";
  later-checks-fail.check = fault "later-tests-fail";
  needs-reboot.interface = "3";
  no-switch-script.omit = "bin/switch-to-configuration";
  not-a-system.omit = "nixos-version";
  wrong-architecture.platform = "aarch64-linux";

  eval-fails.toplevel = _: throw "host ${name} was ordered not to evaluate";
  eval-type-error.toplevel = toplevel: toplevel.an-attribute-that-nobody-defined;

  build-fails.needs = [
    (build.derive { name = "lab-broken-${name}"; } ''
      for line in 1 2 3 4 5 6 7 8 9; do
        echo "lab-broken: compiling part $line of 10"
      done
      echo "lab-broken: error: part 10 does not compile" >&2
      exit 1
    '')
  ];

  slow-build.needs = [
    (build.derive
      {
        name = "lab-slow-${name}";
        seconds = release.build_seconds or 20;
        version = release.version;
      }
      ''
        for second in $(seq $seconds); do
          echo "lab-slow: second $second of $seconds"
          sleep 1
        done
        echo done >$out
      ''
    )
  ];
}
