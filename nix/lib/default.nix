# What turns fleet.toml, profiles/ and hosts/ into systems. Everything but `system.nix` and `explain.nix` is plain Nix
# with no nixpkgs in it: nix/tests runs it anywhere.
{ inputs }:
let
  fleetFile = import ./fleet.nix;
  layers = import ./layers.nix;
  profiles = import ./profiles.nix;
  system = import ./system.nix {
    inherit inputs layers profiles;
  };
in
{
  inherit layers profiles;

  template = import ./template.nix;

  # fleet ROOT: the flake outputs of the fleet in the folder ROOT, which holds fleet.toml, profiles/ and hosts/. A
  # fleet profile is looked for in ROOT first, then in the ones that come with phoenix.
  fleet =
    root:
    import ./outputs.nix {
      inherit inputs root system;
      fleet = fleetFile.read root;
      profiles = profiles.load [
        (root + "/profiles")
        ../../profiles
      ];
    };
}
