# Who the host is, as fleet.toml says.
{
  config,
  lib,
  default,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.phoenix.host;
  readOnly =
    type: description:
    mkOption {
      inherit type description;
      readOnly = true;
    };
in
{
  options.phoenix.host = {
    name = readOnly types.str "The host's key in fleet.toml.";
    profile = readOnly (types.nullOr types.str) "The fleet profile of the host in fleet.toml, if it has one.";
    profiles = readOnly (types.listOf types.str) "The fleet profile and all that it inherits, what others build on first.";
    login = readOnly (types.nullOr types.str) "Whom phoenix logs in as (`ssh.user` in fleet.toml), if fleet.toml says so.";
    tags = readOnly (types.listOf types.str) "The host's tags in fleet.toml, those of `[defaults]` included.";
  };

  config.networking.hostName = default (lib.head (lib.splitString "." cfg.name));
}
