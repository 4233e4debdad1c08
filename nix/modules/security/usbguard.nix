# What is plugged into a running machine does nothing until somebody says so. What was there at boot works: a keyboard
# must be able to type the passphrase, and a server's console keyboard is there or is not.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.phoenix.security.usbguard;
  machine = config.phoenix.machine;
  applies = machine.physical && machine.kind != "installer";
in
{
  options.phoenix.security.usbguard = {
    allow = mkOption {
      type = types.listOf (types.strMatching "[0-9a-f]{4}:[0-9a-f]{4}");
      default = [ ];
      example = [ "1050:0407" ];
      description = "Devices that work whenever they are plugged in, as vendor and product in hexadecimal digits (`lsusb`).";
    };
    users = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Users who may let devices in, besides root.";
    };
  };

  config = {
    services.usbguard = lib.mkIf (cfg.enable && applies) {
      enable = default true;
      implicitPolicyTarget = default "block";
      presentDevicePolicy = default "allow";
      presentControllerPolicy = default "keep";
      insertedDevicePolicy = default "apply-policy";
      restoreControllerDeviceState = default false;
      IPCAllowedUsers = [ "root" ] ++ cfg.users;
      # Hubs and what was allowed by name. Rules that are written down replace the file that `usbguard` itself keeps.
      rules = default (
        lib.concatMapStringsSep "\n" (id: "allow id ${id}") cfg.allow
        + ''

          allow with-interface equals { 09:00:00 }
          allow with-interface equals { 09:00:01 }
          allow with-interface equals { 09:00:01 09:00:02 }
        ''
      );
    };

    phoenix.security.controls.usbguard = {
      title = "USB devices";
      inherit applies;
      why = "nobody can plug anything into it, or it keeps nothing";
      expect = [
        (expect.is "services.usbguard.enable" true)
        (expect.oneOf "services.usbguard.implicitPolicyTarget" [
          "block"
          "reject"
        ])
        (expect.oneOf "services.usbguard.insertedDevicePolicy" [
          "apply-policy"
          "block"
          "reject"
        ])
      ];
    };
  };
}
