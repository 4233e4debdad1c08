{
  description = "A machine without a screen that is reached over SSH only";

  module =
    {
      default,
      lib,
      config,
      ...
    }:
    {
      services.openssh.enable = default true;
      phoenix.ports.ssh = default {
        port = 22;
        why = "administrators and phoenix come in here";
      };

      # Nobody stands at the console: a kernel that has given up starts anew, and so does a machine that hangs.
      boot.kernelParams = lib.mkIf config.phoenix.machine.ownKernel [ "panic=30" ];
      boot.initrd.systemd.emergencyAccess = default false;
      systemd.enableEmergencyMode = default false;

      networking.useNetworkd = default true;
      powerManagement.cpuFreqGovernor = lib.mkIf (config.phoenix.machine.kind == "metal") (
        default "schedutil"
      );
      fonts.fontconfig.enable = default false;
      xdg.icons.enable = default false;
      xdg.sounds.enable = default false;
    };
}
