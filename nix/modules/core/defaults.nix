# Central defaults that concern no control: what a system of any kind has.
{
  config,
  lib,
  default,
  pkgs,
  ...
}:
{
  system.configurationRevision = lib.mkDefault null;

  i18n.defaultLocale = default "en_US.UTF-8";
  time.timeZone = default "UTC";

  documentation.nixos.enable = default config.phoenix.machine.graphical;
  programs.command-not-found.enable = default false;
  programs.git.enable = default true;
  environment.systemPackages = [ pkgs.age ];

  # What has no page to say so must not be a reason to fail a deployment: the network being up is the health gates' matter.
  systemd.network.wait-online.anyInterface = default true;
  systemd.services.NetworkManager-wait-online.enable = default false;

  # Services that run out of memory end alone, and not the SSH server with them.
  # The kernel of WSL does not tell how scarce memory is.
  systemd.oomd.enable = default (config.phoenix.machine.kind != "wsl");
}
