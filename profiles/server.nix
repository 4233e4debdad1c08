{
  description = "A machine without a screen that is reached over SSH only";

  module =
    {
      default,
      lib,
      config,
      options,
      ...
    }:
    {
      services.openssh.enable = default true;
      phoenix.ports.ssh = default {
        port = 22;
        why = "administrators and phoenix come in here";
      };

      # Nobody stands at the console: a kernel that has given up starts anew, and so does a machine that hangs.
      # So does one that fails before its root is there, which brings a trial boot back to the system before.
      boot.kernelParams = lib.mkIf config.phoenix.machine.ownKernel [
        "panic=30"
        "boot.panic_on_fail"
      ];
      systemd = lib.mkMerge [
        { enableEmergencyMode = default false; }
        (lib.mkIf config.phoenix.machine.ownKernel (
          # The name of this setting changed with NixOS 25.11.
          if options.systemd ? settings then
            { settings.Manager.RuntimeWatchdogSec = default "60s"; }
          else
            { watchdog.runtimeTime = default "60s"; }
        ))
      ];
      boot.initrd.systemd.emergencyAccess = default false;

      networking.useNetworkd = default true;
      powerManagement.cpuFreqGovernor = lib.mkIf (config.phoenix.machine.kind == "metal") (
        default "schedutil"
      );
      fonts.fontconfig.enable = default false;
      xdg.icons.enable = default false;
      xdg.sounds.enable = default false;
    };
}
