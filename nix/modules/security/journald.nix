# The journal survives a reboot, and a service that writes without end neither fills the disk nor drives out the others.
{
  config,
  options,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.phoenix.security.journald;
  keeps = config.phoenix.machine.kind != "installer";
  named = options.services.journald ? settings;
in
{
  options.phoenix.security.journald = {
    size = mkOption {
      type = types.strMatching "[0-9]+[MG]";
      default = "2G";
      description = "Most that the journal takes of the disk.";
    };
    days = mkOption {
      type = types.ints.positive;
      default = 90;
      description = "Days after which entries are deleted.";
    };
  };

  config = {
    services.journald = mkIf (cfg.enable && keeps) (
      if named then
        {
          settings.Journal = {
            Storage = default "persistent";
            SystemMaxUse = default cfg.size;
            MaxRetentionSec = default "${toString cfg.days}day";
            RateLimitIntervalSec = default "30s";
            RateLimitBurst = default 10000;
            ForwardToSyslog = default false;
          };
        }
      else
        {
          storage = default "persistent";
          rateLimitInterval = default "30s";
          rateLimitBurst = default 10000;
          forwardToSyslog = default false;
          extraConfig = ''
            SystemMaxUse=${cfg.size}
            MaxRetentionSec=${toString cfg.days}day
          '';
        }
    );

    phoenix.security.controls.journald = {
      title = "Journal";
      applies = keeps;
      why = "the medium keeps nothing";
      expect = [
        (expect.is (
          if named then "services.journald.settings.Journal.Storage" else "services.journald.storage"
        ) "persistent")
        (expect.so (
          if named then
            "services.journald.settings.Journal.RateLimitBurst"
          else
            "services.journald.rateLimitBurst"
        ) "not 0, which is no limit" (found: found != 0))
      ];
    };
  };
}
