# The way in: a small server with a BIOS, unlocked over SSH after a reboot.
{
  imports = [ ./hardware.nix ];

  phoenix.security.luks.remoteUnlock.enable = true;

  system.stateVersion = "26.05";
}
