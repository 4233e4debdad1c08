# Builds for the fleet, and serves what it built.
{
  imports = [ ./hardware.nix ];

  nix.settings.cores = 16;

  system.stateVersion = "26.05";
}
