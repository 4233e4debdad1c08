# The way in: a small server with a BIOS, unlocked over SSH after a reboot.
{ config, ... }:
{
  imports = [ ./hardware.nix ];

  phoenix.security.luks.remoteUnlock = {
    enable = true;
    authorizedKeys = config.phoenix.users.admin.sshKeys;
  };

  system.stateVersion = "26.05";
}
