# Becoming root: people of the group wheel, with a password. A passwordless rule would make every program that runs as
# such a user root.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.phoenix.security.sudo;
  sudo = config.security.sudo;
  rules = program: lib.concatMap (rule: rule.commands) program.extraRules;
  # Format: sudoers(5).
  asksNothing = text: lib.hasInfix "NOPASSWD" text || lib.hasInfix "!authenticate" text;
  passwordless = command: lib.isAttrs command && lib.elem "NOPASSWD" command.options;
in
{
  options.phoenix.security.sudo.program = mkOption {
    type = types.enum [
      "sudo"
      "sudo-rs"
      "doas"
    ];
    default = "sudo";
    description = "The program that makes people root. phoenix answers `sudo` and `sudo-rs` with the password; `doas` asks on a terminal only, so that a host with it is deployed as root, or by a rule without a password, which needs the exception `sudo`.";
  };

  config = {
    security = mkIf cfg.enable {
      sudo = {
        enable = default (cfg.program == "sudo");
        wheelNeedsPassword = default true;
        execWheelOnly = default true;
      };
      sudo-rs = {
        enable = default (cfg.program == "sudo-rs");
        wheelNeedsPassword = default true;
        execWheelOnly = default true;
      };
      doas = {
        enable = default (cfg.program == "doas");
        wheelNeedsPassword = default true;
      };
    };

    phoenix.security.controls.sudo = {
      title = "Becoming root";
      expect = [
        (expect.is "security.sudo.wheelNeedsPassword" true)
        (expect.is "security.sudo-rs.wheelNeedsPassword" true)
        (expect.is "security.doas.wheelNeedsPassword" true)
        (expect.noLine "security.sudo-rs.extraConfig" "without NOPASSWD and !authenticate" asksNothing)
        (expect.so "security.sudo-rs.extraRules" "without NOPASSWD" (
          _: !lib.any passwordless (rules config.security.sudo-rs)
        ))
        (expect.so "security.doas.extraRules" "without noPass" (all: !lib.any (rule: rule.noPass) all))
        (expect.noLine "security.doas.extraConfig" "without nopass" (lib.hasInfix "nopass"))
      ]
      # What follows from one another is told once: the option, the rules, the text, the file with all of them.
      ++ lib.optionals (sudo.enable && sudo.wheelNeedsPassword) (
        if lib.any passwordless (rules sudo) then
          [ (expect.so "security.sudo.extraRules" "without NOPASSWD" (_: false)) ]
        else if asksNothing sudo.extraConfig then
          [ (expect.noLine "security.sudo.extraConfig" "without NOPASSWD and !authenticate" asksNothing) ]
        else
          [ (expect.noLine "security.sudo.configFile" "without NOPASSWD and !authenticate" asksNothing) ]
      );
    };
  };
}
