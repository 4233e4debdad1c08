# Garbage collection that never takes what the fleet needs: by free space, not by the calendar, and never on a host
# that serves its store to others.
{
  config,
  lib,
  default,
  pkgs,
  ...
}:
let
  inherit (lib) mkEnableOption mkOption types;
  cfg = config.phoenix.gc;
  GiB = 1024 * 1024 * 1024;
in
{
  options.phoenix = {
    gc = {
      enable = mkEnableOption "garbage collection when the disk fills up" // {
        default = config.nix.enable && !config.phoenix.cache.enable;
        defaultText = lib.literalMD "on, except on caches";
      };
      minFree = mkOption {
        type = types.ints.positive;
        default = 10;
        description = "GiB that must be free; below, garbage is collected.";
      };
      keepDays = mkOption {
        type = types.ints.positive;
        default = 30;
        description = "Days that old generations of the system are kept at least, however full the disk is.";
      };
    };
    cache.enable = mkEnableOption "the role of a binary cache: the host's store serves the fleet, and is never collected";
  };

  config = {
    assertions = [
      {
        assertion = !(config.phoenix.cache.enable && (config.nix.gc.automatic || cfg.enable));
        message = "${config.phoenix.host.name} serves its store to the fleet; garbage collection would empty the cache. Turn off nix.gc.automatic and phoenix.gc.enable, and take old closures out of /nix/var/nix/gcroots/fleet instead.";
      }
      {
        assertion = !(config.phoenix.cache.enable && (config.nix.settings.min-free or 0) > 0);
        message = "${config.phoenix.host.name} serves its store to the fleet; nix.settings.min-free has builds collect garbage in it. Set it to 0.";
      }
    ];

    nix.gc.automatic = default false;

    # Closures that hosts run or may go back to are linked here, on caches and build hosts.
    systemd.tmpfiles.rules = lib.mkIf config.phoenix.cache.enable [
      "d /nix/var/nix/gcroots/fleet 0755 root root -"
    ];

    systemd.services.phoenix-gc = lib.mkIf cfg.enable {
      description = "Collect garbage when the disk fills up";
      startAt = "daily";
      path = [
        config.nix.package
        pkgs.coreutils
      ];
      serviceConfig = {
        Type = "oneshot";
        Nice = 19;
        IOSchedulingClass = "idle";
      };
      script = ''
        want=${toString (cfg.minFree * GiB)}
        free=$(df --output=avail --block-size=1 /nix/store | tail -n 1)
        if [ "$free" -ge "$want" ]; then
          echo "$((free / ${toString GiB})) GiB are free: nothing to do"
          exit 0
        fi
        nix-env --profile /nix/var/nix/profiles/system --delete-generations ${toString cfg.keepDays}d
        nix-store --gc --max-freed "$((want - free))"
      '';
    };
    systemd.timers.phoenix-gc = lib.mkIf cfg.enable {
      timerConfig = {
        RandomizedDelaySec = "2h";
        Persistent = true;
      };
    };
  };
}
