# What each kind of machine brings along, whatever its fleet profile.
{
  config,
  lib,
  default,
  ...
}:
let
  inherit (lib) mkIf mkMerge;
  is = kind: config.phoenix.machine.kind == kind;
in
{
  config = mkMerge [
    (mkIf (is "container") {
      boot.isContainer = true;
      # The system asks for names itself, and does not take over what its container host answers with.
      networking.useHostResolvConf = default false;
      networking.useDHCP = default true;
      powerManagement.enable = default false;
    })
    (mkIf (is "wsl") {
      wsl = {
        enable = true;
        # Windows programs would be found before those of the system.
        interop.includePath = default false;
      };
    })
    (mkIf (is "installer") {
      # A medium that was not made into an image yet lives in memory.
      fileSystems."/" = default {
        device = "tmpfs";
        fsType = "tmpfs";
        options = [ "mode=0755" ];
      };
    })
  ];
}
