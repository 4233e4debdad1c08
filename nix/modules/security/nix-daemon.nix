# Who may tell the Nix daemon what to do. A trusted user can put any program into the store, and so is root.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.nix-daemon;
  machine = config.phoenix.machine;
in
{
  config = {
    nix = lib.mkIf cfg.enable {
      channel.enable = default false;
      settings = {
        # A container often may not nest sandboxes; builds are not its work.
        sandbox = default (machine.kind != "container");
        trusted-users = default [ "root" ];
        allowed-users = default [
          "root"
          "@wheel"
          "@users"
        ];
        require-sigs = default true;
        accept-flake-config = default false;
        experimental-features = [
          "nix-command"
          "flakes"
        ];
        auto-optimise-store = default (!config.phoenix.cache.enable);
      };
    };

    phoenix.security.controls.nix-daemon = {
      title = "Nix daemon";
      applies = config.nix.enable;
      why = "Nix is not there";
      expect = [
        (expect.is "nix.settings.require-sigs" true)
        (expect.so "nix.settings.accept-flake-config" "false" (found: found != true))
        (expect.so "nix.settings.trusted-users" "root alone" (found: lib.all (user: user == "root") found))
        (expect.lacks "nix.settings.allowed-users" [ "*" ])
        (expect.so "nix.extraOptions" "without what the settings forbid" (
          text:
          !lib.any (word: lib.hasInfix word text) [
            "trusted-users"
            "require-sigs"
            "accept-flake-config"
            "sandbox"
          ]
        ))
        (expect.so "nix.settings.substituters" "with https, or an address of the fleet" (
          found: !lib.any (lib.hasPrefix "http://") (if found == null then [ ] else found)
        ))
      ]
      ++ lib.optional (machine.kind != "container") (expect.is "nix.settings.sandbox" true);
    };
  };
}
