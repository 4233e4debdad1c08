# The clock: certificates, logs and secrets that expire depend on it. Time is signed (NTS) where a server can.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.phoenix.security.ntp;
  applies = config.phoenix.machine.ownKernel;
in
{
  options.phoenix.security.ntp.servers = mkOption {
    type = types.nonEmptyListOf types.str;
    default = [
      "time.cloudflare.com"
      "nts.netnod.se"
      "ptbtime1.ptb.de"
      "ntppool1.time.nl"
    ];
    description = "Time servers that speak NTS (RFC 8915).";
  };

  config = {
    services.chrony = mkIf (cfg.enable && applies) {
      enable = default true;
      enableNTS = default true;
      servers = default cfg.servers;
      extraConfig = ''
        # Two of the servers must agree before the clock follows.
        minsources 2
        # It answers nobody.
        port 0
        cmdport 0
      '';
    };

    phoenix.security.controls.ntp = {
      title = "Time";
      inherit applies;
      why = "the clock is not the system's own";
      expect = [
        (expect.is "services.chrony.enable" true)
        (expect.is "services.chrony.enableNTS" true)
        (expect.is "services.timesyncd.enable" false)
      ];
    };
  };
}
