# What `phoenix explain` shows of a definition: the value, without the marks of the module system, wherever they lie in it.
fleet:
let
  inherit ((builtins.head (builtins.attrValues fleet.nixosConfigurations)).pkgs) lib;
  place = import ../lib/place.nix [ ];
  written = import ../lib/written.nix { inherit lib place; };
  system = lib.evalModules {
    modules = [
      {
        options.a = lib.mkOption { type = lib.types.attrsOf (lib.types.attrsOf lib.types.raw); };
      }
      {
        _file = "x.nix";
        a.b = {
          list = lib.mkMerge [
            [ 1 ]
            (lib.mkIf false [ 9 ])
            (lib.mkBefore [ 2 ])
          ];
          set = lib.mkMerge [
            { c = 1; }
            { d = lib.mkForce 2; }
          ];
          one = lib.mkMerge [ 5 ];
          off = lib.mkIf false 1;
        };
      }
    ];
  };
  explain = import ../lib/explain.nix { inherit lib written; } [
    {
      layer = "none";
      options = { };
    }
    {
      layer = "x";
      inherit (system) options;
    }
  ];
  shown = (lib.last (explain [ "a" ]).layers).definitions;
  value = lib.concatStringsSep " " (
    lib.filter (word: lib.isString word && word != "") (
      builtins.split "[[:space:]]+" (lib.head shown).value
    )
  );
  expected = "{ b = { list = [ 1 2 ]; one = 5; set = { c = 1; d = 2; }; }; }";
in
if lib.length shown == 1 && (lib.head shown).file == "x.nix" && value == expected then
  "ok: a definition is shown without its marks"
else
  throw "explain shows ${builtins.toJSON shown}"
