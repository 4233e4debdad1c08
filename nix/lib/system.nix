# One host's system out of its layers.
{
  inputs,
  layers,
  profiles,
}:
let
  inherit (inputs.nixpkgs) lib;

  # Modules of other flakes that central modules set options of.
  foreign = [
    inputs.home-manager.nixosModules.home-manager
    inputs.disko.nixosModules.disko
    inputs.stylix.nixosModules.stylix
    inputs.nixos-wsl.nixosModules.default
    inputs.lanzaboote.nixosModules.lanzaboote
  ];

  # What the host is, from fleet.toml; profiles and hosts read it under `phoenix.host`.
  facts = host: chain: {
    _file = "fleet.toml";
    phoenix.host = {
      inherit (host) name tags login;
      profile = host.profile;
      profiles = map (each: each.name) chain;
    };
    phoenix.homes = host.homes;
    phoenix.hardware.facter = lib.mkIf (host.facter != null) (
      layers.default layers.central host.facter
    );
  };

  # How files are named to people, and who wrote an option.
  names = root: rec {
    place = import ./place.nix [
      root
      ../..
      inputs.nixpkgs
    ];
    written = import ./written.nix { inherit lib place; };
  };

  profileLayer = depth: profile: {
    layer = "profile ${profile.name}";
    modules = [
      {
        key = "phoenix profile ${profile.name}";
        _file = toString profile.file;
        imports = [
          (lib.modules.setDefaultModuleLocation (toString profile.file) (
            layers.withDefault (layers.profile depth) profile.module
          ))
        ];
      }
    ];
  };
in
rec {
  # layersOf HOST CHAIN: the layers of a host in their order, each with its name and its modules.
  layersOf =
    host: chain:
    [
      {
        layer = "phoenix";
        modules = foreign ++ [
          ../modules
          (facts host chain)
        ];
      }
    ]
    ++ lib.imap0 profileLayer chain
    ++ [
      {
        layer = "host ${host.name}";
        modules = [ host.module ];
      }
    ];

  # build ROOT MODULES: a system of these modules. ROOT is the fleet's folder, for the names of files in messages.
  build =
    root: modules:
    lib.nixosSystem {
      specialArgs = {
        inherit inputs;
        phoenix = {
          inherit (names root) place written;
        };
        default = layers.default layers.central;
      };
      inherit modules;
    };

  # of ROOT PROFILES HOST: the host's system, and its layers for `explain`.
  of =
    root: all: host:
    let
      stack = layersOf host (profiles.chain all host.profile);
      upTo = count: lib.concatMap (each: each.modules) (lib.take count stack);
      # Layers below the host do not know what it runs on, and NixOS needs that for everything.
      partly =
        modules: build root (modules ++ [ { nixpkgs.hostPlatform = lib.mkOverride 1400 platform; } ]);
      platform = system.pkgs.stdenv.hostPlatform.system;
      steps = [
        {
          layer = "NixOS";
          inherit (partly foreign) options;
        }
      ]
      ++ lib.imap1 (count: each: {
        inherit (each) layer;
        inherit (partly (upTo count)) options;
      }) stack;
      system = build root (upTo (lib.length stack));
    in
    {
      inherit system;
      posture = system.config.phoenix.posture;
      settings = import ./settings.nix {
        inherit lib;
        inherit (names root) written;
      } system;
      explain = import ./explain.nix {
        inherit lib;
        inherit (names root) written;
      } steps;
    };
}
