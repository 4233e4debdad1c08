# The text of docs/reference/profiles.md, from profiles/ itself.
fleet:
let
  inherit ((builtins.head (builtins.attrValues fleet.nixosConfigurations)).pkgs) lib;
  row =
    name: each:
    "| `${name}` | ${
      lib.concatMapStringsSep ", " (it: "`${it}`") each.inherits
    } | ${each.description} |";
in
''
  ---
  id: reference/profiles
  title: Fleet profiles
  summary: Every fleet profile that comes with phoenix, what it builds on and what it is for.
  tags: [reference, nix]
  related: [guide/fleet-as-code, reference/options, reference/fleet-toml]
  ---

  # Fleet profiles

  A host takes one with `profile = "…"` in fleet.toml. All of them stand on the central defaults in nix/modules; `all`
  belongs to every host, whether it has a profile or none.

  | profile | builds on | what it is for |
  |---|---|---|
  ${lib.concatStringsSep "\n" (lib.mapAttrsToList row fleet.phoenix.profiles)}
''
