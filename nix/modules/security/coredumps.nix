# The memory of a program that crashed, with the keys in it, is not kept.
{
  config,
  options,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.coredumps;
  # The name of these settings changed with NixOS 26.05.
  named = options.systemd.coredump ? settings;
in
{
  config = {
    # systemd catches the dump, says in the journal what crashed where, and throws it away.
    systemd.coredump = lib.mkIf cfg.enable (
      {
        enable = default true;
      }
      // (
        if named then
          {
            settings.Coredump = {
              Storage = default "none";
              ProcessSizeMax = default 0;
            };
          }
        else
          {
            extraConfig = default ''
              Storage=none
              ProcessSizeMax=0
            '';
          }
      )
    );
    boot.kernel.sysctl."fs.suid_dumpable" = lib.mkIf (cfg.enable && config.phoenix.machine.ownKernel) (
      default 0
    );

    phoenix.security.controls.coredumps = {
      title = "Core dumps";
      expect = [
        (
          if named then
            expect.is "systemd.coredump.settings.Coredump.Storage" "none"
          else
            expect.so "systemd.coredump.extraConfig" "with Storage=none" (lib.hasInfix "Storage=none")
        )
      ]
      ++ lib.optional config.phoenix.machine.ownKernel (
        expect.is [ "boot" "kernel" "sysctl" "fs.suid_dumpable" ] 0
      );
    };
  };
}
