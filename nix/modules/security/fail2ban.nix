# Addresses that guess are shut out, for longer each time. Keys cannot be guessed; what this keeps away is the load, and
# the noise that real attacks hide in.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.phoenix.security.fail2ban;
  reachable = config.services.openssh.enable && config.networking.firewall.enable;
in
{
  options.phoenix.security.fail2ban.trusted = mkOption {
    type = types.listOf types.str;
    default = [ ];
    example = [ "192.0.2.0/24" ];
    description = "Addresses and networks that are never shut out: those that administrators come from.";
  };

  config = {
    services.fail2ban = lib.mkIf (cfg.enable && reachable) {
      enable = default true;
      maxretry = default 5;
      bantime = default "10m";
      ignoreIP = cfg.trusted;
      bantime-increment = {
        enable = default true;
        maxtime = default "168h";
        overalljails = default true;
      };
    };

    phoenix.security.controls.fail2ban = {
      title = "Guessing passwords and keys";
      applies = reachable;
      why = "no SSH server is reachable here";
      expect = [
        (expect.is "services.fail2ban.enable" true)
        (expect.is "services.fail2ban.bantime-increment.enable" true)
        (expect.atMost "services.fail2ban.maxretry" 20)
        (expect.lacks "services.fail2ban.ignoreIP" [
          "0.0.0.0/0"
          "::/0"
        ])
        (expect.so "services.fail2ban.jails" "with the one of sshd" (
          found: (found.sshd.enabled or true) && (found.sshd.settings.enabled or true)
        ))
      ];
    };
  };
}
