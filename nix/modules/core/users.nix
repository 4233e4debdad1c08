# People on the host. Passwords never stand here: a user has SSH keys, or a file with a hash that secrets deliver.
{
  config,
  lib,
  default,
  phoenix,
  ...
}:
let
  inherit (lib) mkOption types mapAttrs;
  cfg = config.phoenix;
  user = types.submodule {
    options = {
      description = mkOption {
        type = types.str;
        default = "";
        description = "Who it is.";
      };
      admin = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the user may become root, with a password.";
      };
      sshKeys = mkOption {
        type = types.listOf types.singleLineStr;
        default = [ ];
        description = "Public SSH keys that may log in as the user.";
      };
      hashedPasswordFile = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Path on the host of a file with the hash of the user's password, outside the Nix store.";
      };
      groups = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Further groups.";
      };
    };
  };
in
{
  options.phoenix = {
    users = mkOption {
      type = types.attrsOf user;
      default = { };
      description = "People with an account on the host.";
    };
    homes = mkOption {
      type = types.attrsOf types.path;
      default = { };
      internal = true;
      description = "The homes of the host: hosts/<name>/home/<user>.nix.";
    };
  };

  config = {
    assertions = map (name: {
      assertion = cfg.users ? ${name};
      message = ''
        hosts/${cfg.host.name}/home/${name}.nix is the home of a user that the host does not have.
        Add it to ${phoenix.place "hosts/${cfg.host.name}/default.nix"}: phoenix.users.${name} = { sshKeys = [ "…" ]; };
      '';
    }) (lib.attrNames cfg.homes);

    users.users = mapAttrs (_: each: {
      isNormalUser = true;
      inherit (each) description hashedPasswordFile;
      extraGroups = each.groups ++ lib.optional each.admin "wheel";
      openssh.authorizedKeys.keys = each.sshKeys;
    }) cfg.users;

    home-manager = {
      useGlobalPkgs = default true;
      useUserPackages = default true;
      backupFileExtension = default "before-home-manager";
      users = mapAttrs (_: file: {
        imports = [ file ];
        home.stateVersion = default config.system.stateVersion;
      }) cfg.homes;
    };
  };
}
