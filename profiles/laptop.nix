{
  description = "A desktop that is carried around: it runs on a battery, joins foreign networks and can be lost";
  inherits = [ "desktop" ];

  module =
    {
      config,
      default,
      options,
      pkgs,
      ...
    }:
    let
      disk = config.phoenix.hardware.disk;
    in
    {
      config = {
        phoenix.machine.portable = default true;
        # Hibernation is off: it would need the kernel's image protection off as well. The swap is for memory alone.
        phoenix.hardware.disk.swap = default (
          if disk.fileSystem == "btrfs" && disk.mirror == null then "16G" else null
        );

        services.power-profiles-daemon.enable = default true;
        services.thermald.enable = default pkgs.stdenv.hostPlatform.isx86_64;
        services.upower.enable = default true;
        networking.networkmanager.wifi.powersave = default true;

        # The name of these settings changed with NixOS 25.11.
        services.logind =
          if options.services.logind ? settings then
            {
              settings.Login = {
                HandleLidSwitch = default "suspend";
                HandleLidSwitchExternalPower = default "lock";
              };
            }
          else
            {
              lidSwitch = default "suspend";
              lidSwitchExternalPower = default "lock";
            };
      };
    };
}
