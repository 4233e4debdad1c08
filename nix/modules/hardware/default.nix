{
  imports = [
    ./boot.nix
    ./disk.nix
    ./displays.nix
    ./facter.nix
    ./gpu.nix
    ./platform.nix
  ];
}
