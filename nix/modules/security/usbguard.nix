# What is plugged into a running machine does nothing until somebody says so. What was there at boot works, and a keyboard
# can be plugged in where there is none: whoever stands before a machine that is off the network must be able to type.
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

  # At the screen of a server there is a login and nothing else, and its keyboard is often one of the board's remote
  # console, which comes and goes. Format: usbguard-rules.conf(5).
  keyboards =
    if machine.graphical then
      ''
        allow with-interface one-of { 03:00:01 03:01:01 } if !allowed-matches(with-interface one-of { 03:00:01 03:01:01 })
      ''
    else
      ''
        allow with-interface equals { 03:01:01 }
        allow with-interface equals { 03:00:01 }
        allow with-interface equals { 03:01:01 03:01:02 }
        allow with-interface equals { 03:01:01 03:00:00 }
        allow with-interface equals { 03:01:01 03:00:02 }
      '';
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
      # As the kernel left them at boot. "allow" would let in everything blocked whenever the daemon starts anew.
      presentDevicePolicy = default "keep";
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
        + keyboards
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
        (expect.so "services.usbguard.rules" "without a rule that lets in everything" (
          text:
          builtins.match "(.*\n)?[[:space:]]*allow[[:space:]]*(\n.*)?" (if text == null then "" else text)
          == null
        ))
      ];
    };
  };
}
