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
      # Its first step would follow servers that sign nothing.
      initstepslew.enabled = default false;
      extraConfig = ''
        # Two of the servers must agree before the clock follows.
        minsources 2
        # A machine that was off for long, or has no clock, is set at once. Until then it cannot tell whether a certificate is
        # still valid.
        makestep 1 3
        nocerttimecheck 1
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
        (expect.is "services.chrony.initstepslew.enabled" false)
        (expect.is "services.timesyncd.enable" false)
      ];
    };
  };
}
