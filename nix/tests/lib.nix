# Tests of the plain parts of nix/lib: `nix-instantiate --eval --strict nix/tests/lib.nix` gives "ok", or fails with the
# tests that do.
let
  fleet = import ../lib/fleet.nix;
  layers = import ../lib/layers.nix;
  profiles = import ../lib/profiles.nix;
  place = import ../lib/place.nix;

  names = map (each: each.name);
  fails = value: !(builtins.tryEval (builtins.deepSeq value value)).success;
  profile = inherits: {
    description = "";
    inherit inherits;
    module = { };
  };
  all = builtins.mapAttrs (name: inherits: profile inherits // { inherit name; }) {
    base = [ ];
    screen = [ "base" ];
    radio = [ "base" ];
    laptop = [
      "screen"
      "radio"
    ];
    loop = [ "pool" ];
    pool = [ "loop" ];
    orphan = [ "nothing" ];
  };
  parsed = fleet.parse ../../. ''
    [fleet]
    name = "test"
    [defaults]
    tags = ["a"]
    ssh.user = "all"
    [tags.b.ssh]
    user = "tagged"
    [hosts.gate]
    profile = "server"
    tags = ["b", "a"]
    [hosts.nomad]
    [hosts.wren]
    tags = ["b"]
    ssh.user = "own"
  '';
  module = layers.withDefault 700 ({ default, config, ... }: { x = default config; });

  tests = {
    # fleet.toml
    "hosts are those of the file" = [
      (builtins.attrNames parsed.hosts)
      [
        "gate"
        "nomad"
        "wren"
      ]
    ];
    "whom phoenix logs in as is said by the host, its tags, or all" = [
      (map (each: each.login) (builtins.attrValues parsed.hosts))
      [
        "tagged"
        "all"
        "own"
      ]
    ];
    "tags of the defaults come first, each once" = [
      parsed.hosts.gate.tags
      [
        "a"
        "b"
      ]
    ];
    "a profile is text or nothing" = [
      [
        parsed.hosts.gate.profile
        parsed.hosts.nomad.profile
      ]
      [
        "server"
        null
      ]
    ];
    "homes are files" = [
      (builtins.attrNames parsed.hosts.nomad.homes)
      [ "admin" ]
    ];
    "a host without a folder is an error" = [
      (fails (fleet.parse ../../. "[hosts.nobody]").hosts.nobody.module)
      true
    ];
    "a fleet without hosts is an error" = [
      (fails (fleet.parse ../../. "[fleet]"))
      true
    ];
    "a profile that is no text is an error" = [
      (fails (fleet.parse ../../. "[hosts.a]\nprofile = 3"))
      true
    ];
    "a folder without fleet.toml is an error" = [
      (fails (fleet.read ./.))
      true
    ];

    # Fleet profiles
    "what others build on comes first, each once" = [
      (names (profiles.chain all "laptop"))
      [
        "base"
        "screen"
        "radio"
        "laptop"
      ]
    ];
    "no profile has no chain" = [
      (profiles.chain all null)
      [ ]
    ];
    "`all` is everyone's" = [
      (names (
        profiles.chain (
          all
          // {
            all = profile [ ] // {
              name = "all";
            };
          }
        ) "radio"
      ))
      [
        "all"
        "base"
        "radio"
      ]
    ];
    "a circle is an error" = [
      (fails (profiles.chain all "loop"))
      true
    ];
    "an unknown profile is an error" = [
      (fails (profiles.chain all "sever"))
      true
    ];
    "an unknown parent is an error" = [
      (fails (profiles.chain all "orphan"))
      true
    ];
    "every profile that comes along can be read" = [
      (builtins.all (name: names (profiles.chain (profiles.load [ ../../profiles ]) name) != [ ]) (
        builtins.attrNames (profiles.load [ ../../profiles ])
      ))
      true
    ];

    # Layers
    "a layer's default has its priority" = [
      (module.__functor module { config = 1; }).x
      {
        _type = "override";
        priority = 700;
        content = 1;
      }
    ];
    "`default` is none of NixOS's arguments" = [
      (builtins.attrNames module.__functionArgs)
      [ "config" ]
    ];
    "later layers win" = [
      (layers.profile 1 < layers.profile 0 && layers.profile 0 < layers.central && layers.central < 1000)
      true
    ];

    # Names of files
    "a file in the fleet" = [
      (place [ "/fleet" ] "/fleet/hosts/a/default.nix")
      "hosts/a/default.nix"
    ];
    "a file in a store" = [
      (place [ "/fleet" ] "/nix/store/abc-source/nixos/x.nix")
      "nixos/x.nix"
    ];
    "a file elsewhere" = [
      (place [ "/fleet" ] "/etc/x.nix")
      "/etc/x.nix"
    ];
  };

  failed = builtins.filter (
    name: builtins.elemAt tests.${name} 0 != builtins.elemAt tests.${name} 1
  ) (builtins.attrNames tests);
in
if failed == [ ] then
  "ok: ${toString (builtins.length (builtins.attrNames tests))} tests"
else
  throw "these fail: ${builtins.concatStringsSep "; " failed}"
