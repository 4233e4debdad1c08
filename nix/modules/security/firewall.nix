# The firewall: on, and closed but for what `phoenix.ports` names.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.firewall;
  # Names that NixOS's modules give them.
  bridges = [
    "virbr"
    "incusbr"
    "lxdbr"
    "waydroid"
    "podman"
    "docker"
    "cni"
    "flannel."
  ];
in
{
  config = {
    networking = lib.mkIf cfg.enable {
      nftables.enable = default (config.phoenix.machine.kind != "wsl");
      firewall = {
        enable = default true;
        allowPing = default true;
        logRefusedConnections = default false;
        # Strict reverse paths break hosts with two ways to one network; loose ones still drop forged addresses.
        checkReversePath = default "loose";
      };
    };

    phoenix.security.controls.firewall = {
      title = "Firewall";
      applies = config.phoenix.machine.kind != "wsl";
      why = "Windows filters what reaches WSL";
      expect = [
        (expect.is "networking.firewall.enable" true)
        (expect.so "networking.firewall.checkReversePath" "true, \"strict\" or \"loose\"" (
          found: found != false
        ))
        (expect.so "networking.firewall.trustedInterfaces" "only lo, and bridges to guests of this host" (
          lib.all (each: each == "lo" || lib.any (prefix: lib.hasPrefix prefix each) bridges)
        ))
        # What is written as text can let in whatever it likes; of iptables, NixOS's own modules write much that way.
        (expect.is "networking.nftables.enable" true)
        (expect.so "networking.firewall.extraInputRules"
          "empty (often `openFirewall = false`), with phoenix.ports instead"
          (text: lib.trim text == "")
        )
        (expect.is "networking.nftables.ruleset" "")
        (expect.is "networking.nftables.rulesetFile" null)
        # Who is let in to machines behind.
        (expect.is "networking.nat.forwardPorts" [ ])
      ];
    };
  };
}
