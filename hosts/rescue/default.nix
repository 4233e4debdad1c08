# The medium that new machines are installed from.
{
  phoenix.machine.kind = "installer";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
}
