# inputs TREES: the inputs of flake.nix out of checkouts, without a lock file or a network. `nixpkgs` is the stand-in of
# nix/tests/stand-in: modules and options are real, packages are not.
trees:
let
  call = import ./call.nix;
  nixpkgs = call (trees + "/nixpkgs") { };
  inherit (nixpkgs) lib;
  packages =
    names:
    lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
      system: lib.genAttrs names (name: nixpkgs.legacyPackages.${system}.callPackage name { })
    );

  # The parts of stylix's flake that its modules need; flake-parts would put them together.
  stylix =
    let
      parts = import (trees + "/stylix/flake/modules.nix") {
        inputs = {
          inherit nixpkgs;
          # fromYaml is needed only for colour schemes in files.
          base16.lib = import (trees + "/base16/lib") null;
        };
        self = parts.flake // {
          packages = packages [ "palette-generator" ];
        };
      };
    in
    parts.flake;

  lanzaboote.nixosModules.lanzaboote =
    { pkgs, ... }:
    {
      imports = [ (trees + "/lanzaboote/nix/modules/lanzaboote.nix") ];
      boot.lanzaboote.package = (packages [ "lzbt" ]).${pkgs.stdenv.hostPlatform.system}.lzbt;
    };
in
{
  inherit nixpkgs stylix lanzaboote;
  home-manager = call (trees + "/home-manager") { inherit nixpkgs; };
  disko = call (trees + "/disko") { inherit nixpkgs; };
  nixos-wsl = call (trees + "/nixos-wsl") {
    inherit nixpkgs;
    flake-compat = { };
  };
}
