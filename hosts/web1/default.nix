{
  phoenix.hardware.disk.device = "/dev/vda";
  phoenix.machine.kind = "vm";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "26.05";
}
