# `nix flake init -t` copies the example fleet: all that is Nix, without the program and its tests. `phoenix init` starts a
# fleet with one host of your own instead.
{
  description = "The example fleet of phoenix: one host of every kind, to be changed";
  path = builtins.path {
    name = "phoenix-fleet";
    path = ../..;
    filter =
      file: _:
      let
        name = builtins.substring (builtins.stringLength (toString ../..) + 1) (-1) (toString file);
        under = folder: name == folder || builtins.match "${folder}/.*" name != null;
      in
      builtins.elem name [
        "flake.lock"
        "flake.nix"
        "fleet.toml"
        "nix"
      ]
      || builtins.any under [
        "hosts"
        "nix/lib"
        "nix/modules"
        "profiles"
      ];
  };
}
