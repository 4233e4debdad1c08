# What programs may ask of the system: administrators are those of the group wheel, and confirm with their password.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.polkit;
in
{
  config = {
    security.polkit = lib.mkIf cfg.enable {
      debug = default false;
      adminIdentities = default [ "unix-group:wheel" ];
    };

    phoenix.security.controls.polkit = {
      title = "Actions of programs";
      applies = config.security.polkit.enable;
      why = "polkit is not there";
      expect = [
        (expect.is "security.polkit.debug" false)
        (expect.is "security.polkit.adminIdentities" [ "unix-group:wheel" ])
        (expect.so "security.polkit.extraConfig" "without a rule that answers YES without a condition" (
          text:
          builtins.match ".*addRule\\(function\\([^)]*\\)[[:space:]]*\\{[[:space:]]*return polkit\\.Result\\.YES.*" text
          == null
        ))
      ];
    };
  };
}
