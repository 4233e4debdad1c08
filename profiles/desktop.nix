{
  description = "A computer on a desk, with a graphical desktop, sound and printing";

  module =
    { default, pkgs, ... }:
    {
      phoenix.machine.graphical = default true;
      services.openssh.enable = default true;
      phoenix.ports.ssh = default {
        port = 22;
        why = "phoenix deploys over SSH";
      };

      hardware.bluetooth.enable = default true;
      services.udisks2.enable = default true;
      environment.systemPackages = [
        pkgs.libreoffice
        pkgs.vlc
      ];
    };
}
