# /tmp holds nothing after a reboot, and no device files or programs with another's rights.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.tmp;
  machine = config.phoenix.machine;
in
{
  config = {
    boot.tmp = lib.mkIf (cfg.enable && machine.kind != "wsl") {
      # Builds with large temporary files outgrow memory; there the disk's own /tmp is emptied.
      useTmpfs = default (!config.phoenix.cache.enable);
      tmpfsSize = default "50%";
      cleanOnBoot = default config.phoenix.cache.enable;
    };
    # Not noexec: programs that unpack themselves there, Nix builds among them, would fail.

    phoenix.security.controls.tmp = {
      title = "/tmp";
      applies = machine.kind != "wsl";
      why = "WSL mounts its own /tmp";
      expect = [
        (expect.so "boot.tmp.useTmpfs" "true, or boot.tmp.cleanOnBoot" (
          found: found || config.boot.tmp.cleanOnBoot
        ))
      ];
    };
  };
}
