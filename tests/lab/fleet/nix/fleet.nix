# Every host of fleet.toml, each with what release.toml orders for it.
{
  build,
  fleet,
  release,
}:
let
  hosts = fleet.hosts or { };

  # A host's own settings go before the default ones.
  releases = builtins.mapAttrs (
    name: _: defaults // (release.default or { }) // (release.hosts.${name} or { })
  ) hosts;
  defaults = {
    version = "1.0";
    world = "a";
    kernel = "6.12.28";
    variant = "working";
    extra_mb = 0;
    build_seconds = 0;
    loader = "systemd-boot";
  };

  # The packages of each world, evaluated once for all its hosts.
  worlds = builtins.listToAttrs (
    map (world: {
      name = world;
      value = import ./packages.nix { inherit build world; };
    }) (map (settings: settings.world) (builtins.attrValues releases))
  );
in
builtins.mapAttrs (
  name: entry:
  import ./host.nix {
    inherit build name;
    profile = entry.profile or (throw "fleet.toml: host ${name} names no profile");
    release = releases.${name};
    packages = worlds.${releases.${name}.world};
  }
) hosts
