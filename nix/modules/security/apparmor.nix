# Programs that have a profile may do only what it names.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.apparmor;
  machine = config.phoenix.machine;
in
{
  config = {
    security.apparmor = lib.mkIf (cfg.enable && machine.ownKernel) {
      enable = default true;
      # A deployment that brings a profile for a running service must not end it: it is confined at its next start.
      killUnconfinedConfinables = default false;
    };

    phoenix.security.controls.apparmor = {
      title = "AppArmor";
      applies = machine.ownKernel;
      why = "the kernel is not the system's own";
      expect = [ (expect.is "security.apparmor.enable" true) ];
    };
  };
}
