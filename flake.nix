{
  description = "A fleet of NixOS systems, deployed with phoenix";

  # Few, each with its reason in docs/design/0010-fleet-as-code.md. Pinned by flake.lock; see docs/guide/update.md.
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    home-manager = {
      url = "github:nix-community/home-manager/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    disko = {
      url = "github:nix-community/disko";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    stylix = {
      url = "github:nix-community/stylix/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    nixos-wsl = {
      url = "github:nix-community/NixOS-WSL/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    lanzaboote = {
      url = "github:nix-community/lanzaboote";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs:
    let
      phoenix = import ./nix/lib { inherit inputs; };
    in
    phoenix.fleet ./.
    // {
      lib = phoenix;
      nixosModules.default = ./nix/modules;
    };
}
