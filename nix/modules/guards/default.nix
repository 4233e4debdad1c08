# What went wrong on real fleets, refused while the system is evaluated: docs/guide/guards.md.
{
  imports = [
    ./access.nix
    ./cold-boot.nix
    ./garbage.nix
    ./hardware.nix
    ./ports.nix
    ./presence.nix
  ];
}
