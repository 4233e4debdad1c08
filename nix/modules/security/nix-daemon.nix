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
  # A setting of Nix may be a list or words in a text.
  words =
    found:
    if found == null then
      [ ]
    else if lib.isList found then
      found
    else
      lib.splitString " " found;
  forbidden =
    line:
    builtins.match "(extra-)?(trusted-users|require-sigs|accept-flake-config|sandbox|sandbox-fallback)[[:space:]]*=.*" line
    != null;
  rootAlone = found: lib.all (user: user == "root") (words found);
  signedWay = found: !lib.any (lib.hasPrefix "http://") (words found);
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
        (expect.so "nix.settings.trusted-users" "root alone" rootAlone)
        (expect.so "nix.settings.extra-trusted-users" "root alone" rootAlone)
        (expect.lacks "nix.settings.allowed-users" [ "*" ])
        (expect.so "nix.settings.extra-allowed-users" "without *" (found: !lib.elem "*" (words found)))
        (expect.noLine "nix.extraOptions" "without what the settings forbid" forbidden)
      ]
      ++ map (name: expect.so "nix.settings.${name}" "with https" signedWay) [
        "substituters"
        "extra-substituters"
        "trusted-substituters"
        "extra-trusted-substituters"
      ]
      ++ lib.optional (machine.kind != "container") (expect.is "nix.settings.sandbox" true);
    };
  };
}
