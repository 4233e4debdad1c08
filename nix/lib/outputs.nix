# The flake outputs of a fleet.
{
  inputs,
  root,
  fleet,
  profiles,
  system,
}:
let
  inherit (inputs.nixpkgs) lib;
  hosts = lib.mapAttrs (_: system.of root profiles) fleet.hosts;

  # <user>@<host> for every hosts/<host>/home/<user>.nix.
  homes = lib.concatMapAttrs (
    name: host:
    lib.mapAttrs' (user: _: {
      name = "${user}@${name}";
      value = {
        inherit user name;
      };
    }) host.homes
  ) fleet.hosts;
in
{
  nixosConfigurations = lib.mapAttrs (_: host: host.system) hosts;

  # The homes that are part of the systems, for those who switch them alone.
  homeConfigurations = lib.mapAttrs (
    _:
    { user, name }:
    let
      config = hosts.${name}.system.config.home-manager.users.${user};
    in
    {
      inherit config;
      activationPackage = config.home.activationPackage;
    }
  ) homes;

  # Read by `phoenix posture` and `phoenix explain`; `settings` are for comparing hosts.
  phoenix = {
    hosts = lib.mapAttrs (_: host: { inherit (host) posture explain settings; }) hosts;
    # try HOST PROFILE: the host's system, had it another fleet profile.
    try = host: profile: (system.of root profiles (fleet.hosts.${host} // { inherit profile; })).system;
    profiles = lib.mapAttrs (_: profile: { inherit (profile) description inherits; }) profiles;
    # What `phoenix check` looks at, which makes no system.
    undescribed = lib.attrNames (lib.filterAttrs (_: host: !host.described) fleet.hosts);
  };
}
