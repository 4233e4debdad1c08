# A container beside others.
{
  phoenix.machine.kind = "container";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
}
