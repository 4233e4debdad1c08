# What must not be lost is in two places that do not burn together, and is known to come back: a backup that was never
# restored is a hope.
{
  config,
  lib,
  default,
  expect,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.phoenix.security.backups;
  on = cfg.enable && cfg.paths != [ ];
  canary = "/var/lib/phoenix-backup/canary";
  repositories = lib.filterAttrs (_: where: where != null) {
    local = cfg.repository;
    offsite = cfg.offsite;
  };

  backup = where: {
    repository = default where;
    passwordFile = default cfg.passwordFile;
    environmentFile = default cfg.environmentFile;
    paths = cfg.paths ++ [ canary ];
    exclude = cfg.exclude;
    initialize = default true;
    timerConfig = default {
      OnCalendar = cfg.schedule;
      RandomizedDelaySec = "1h";
      Persistent = true;
    };
    pruneOpts = default [
      "--keep-daily 7"
      "--keep-weekly 5"
      "--keep-monthly 12"
    ];
    backupPrepareCommand = ''
      mkdir -p ${dirOf canary}
      ${pkgs.coreutils}/bin/date --utc +%s >${canary}
    '';
  };

  # Takes the newest canary back out of the repository, and reads a part of all data.
  check = name: {
    description = "Restore from the ${name} backup, to see that it can be done";
    after = [ "network-online.target" ];
    wants = [ "network-online.target" ];
    startAt = cfg.checkSchedule;
    path = [
      pkgs.restic
      pkgs.coreutils
    ];
    environment = {
      RESTIC_REPOSITORY = repositories.${name};
      RESTIC_PASSWORD_FILE = cfg.passwordFile;
      RESTIC_CACHE_DIR = "/var/cache/phoenix-restore-${name}";
    };
    serviceConfig = {
      Type = "oneshot";
      EnvironmentFile = mkIf (cfg.environmentFile != null) cfg.environmentFile;
      CacheDirectory = "phoenix-restore-${name}";
      PrivateTmp = true;
      Nice = 10;
    };
    script = ''
      set -euo pipefail
      restic restore latest --host ${lib.escapeShellArg config.networking.hostName} --target /tmp/restored --include ${canary}
      taken=$(<"/tmp/restored${canary}")
      age=$(( $(date --utc +%s) - taken ))
      if [ "$age" -gt ${toString (cfg.oldest * 3600)} ]; then
        echo "the newest backup is $((age / 3600)) hours old" >&2
        exit 1
      fi
      restic check --read-data-subset=${cfg.readSubset}
    '';
  };
in
{
  options.phoenix.security.backups = {
    required = mkOption {
      type = types.bool;
      default = false;
      description = "Whether the host holds what must not be lost. Fleet profiles set this.";
    };
    paths = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Directories to keep.";
    };
    exclude = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Patterns of files to leave out.";
    };
    repository = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "A restic repository that is near.";
    };
    offsite = mkOption {
      type = types.nullOr types.str;
      default = null;
      example = "rest:https://backup.example.org/db1";
      description = "A restic repository in another building.";
    };
    passwordFile = mkOption {
      type = types.str;
      default = "/run/secrets/backup-password";
      description = "Path on the host of the file with the repositories' password.";
    };
    environmentFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "Path on the host of a file with what the repositories need besides, such as keys of S3.";
    };
    schedule = mkOption {
      type = types.str;
      default = "daily";
      description = "When backups are made, as systemd.time(7) has it.";
    };
    checkSchedule = mkOption {
      type = types.str;
      default = "weekly";
      description = "When a restore is tried.";
    };
    oldest = mkOption {
      type = types.ints.positive;
      default = 48;
      description = "Hours that the newest backup may be old when a restore is tried.";
    };
    readSubset = mkOption {
      type = types.strMatching "[0-9]+%|[0-9]+/[0-9]+|[0-9]+[MG]";
      default = "5%";
      description = "How much of the data is read when a restore is tried.";
    };
  };

  config = {
    services.restic.backups = mkIf on (lib.mapAttrs (_: backup) repositories);
    systemd.services = mkIf on (
      lib.mapAttrs' (name: _: lib.nameValuePair "phoenix-restore-${name}" (check name)) repositories
    );

    phoenix.security.controls.backups = {
      title = "Backups";
      applies = cfg.required;
      why = "nothing here must be kept";
      expect = [
        (expect.so "phoenix.security.backups.paths" "not empty" (found: found != [ ]))
        (expect.so "phoenix.security.backups.offsite" "a repository in another building" (
          found: found != null
        ))
        (expect.so "phoenix.security.backups.passwordFile" "outside of the Nix store" (
          found: !lib.hasPrefix builtins.storeDir found
        ))
      ]
      ++ lib.optionals (cfg.offsite != null) [
        (expect.none "services.restic.backups" "with an off-site backup of all paths" (
          found: lib.subtractLists (found.offsite.paths or [ ]) cfg.paths
        ))
        (expect.none "systemd.services" "with phoenix-restore-offsite, which tries a restore" (
          found:
          let
            service = found.phoenix-restore-offsite or { enable = false; };
          in
          lib.optional (!service.enable || service.startAt == [ ]) "phoenix-restore-offsite"
        ))
      ];
    };
  };
}
