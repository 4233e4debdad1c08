# Files that lie on the host and not in the system: without them it would lock its owner out. NixOS looks for them before
# it switches.
{
  config,
  options,
  lib,
  ...
}:
let
  inherit (lib) escapeShellArg mkOption types;
  text =
    description:
    mkOption {
      type = types.str;
      inherit description;
    };
  check =
    {
      file,
      why,
      put,
    }:
    ''
      if [ ! -s ${escapeShellArg file} ]; then
        # shellcheck disable=SC2016
        echo ${escapeShellArg "${file} is not on the host: ${why}."}
        # shellcheck disable=SC2016
        echo ${escapeShellArg "Put it there first: ${put}"}
        exit 1
      fi
    '';
in
{
  options.phoenix.presence = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = lib.mapAttrs (_: text) {
          file = "Its path on the host.";
          why = "What is wrong without it.";
          put = "The command that puts it there.";
        };
      }
    );
    default = { };
    description = "Files that must be on the host before this system is activated: NixOS refuses it otherwise, and nothing changes.";
  };

  # NixOS has had these checks since 25.05.
  config = lib.optionalAttrs (options.system ? preSwitchChecks) {
    system.preSwitchChecks = lib.mapAttrs' (
      name: each: lib.nameValuePair "phoenix-${name}" (check each)
    ) config.phoenix.presence;
  };
}
