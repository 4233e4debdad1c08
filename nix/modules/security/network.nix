# A machine that is carried around is not known again by the address of its network card, and addresses of IPv6 change.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.network;
  portable = config.phoenix.machine.portable;
  applies = portable && config.networking.networkmanager.enable;
in
{
  config = {
    networking = lib.mkIf cfg.enable {
      tempAddresses = lib.mkIf config.phoenix.machine.graphical (default "default");
      networkmanager = lib.mkIf applies {
        # One address for each network, so that networks that let in by address go on doing so.
        wifi.macAddress = default "stable-ssid";
        wifi.scanRandMacAddress = default true;
        ethernet.macAddress = default "stable";
      };
    };

    phoenix.security.controls.network = {
      title = "Being known again by networks";
      inherit applies;
      why = "it stays where it is";
      expect = [
        (expect.oneOf "networking.networkmanager.wifi.macAddress" [
          "random"
          "stable"
          "stable-ssid"
        ])
        (expect.is "networking.networkmanager.wifi.scanRandMacAddress" true)
        (expect.oneOf "networking.tempAddresses" [
          "default"
          "enabled"
        ])
      ];
    };
  };
}
