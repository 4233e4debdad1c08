# Builds for the fleet, and serves what it built.
{
  imports = [ ./hardware.nix ];

  nix.settings.cores = 16;

  phoenix.security.luks.remoteUnlock.enable = true;

  system.stateVersion = "26.05";
}
