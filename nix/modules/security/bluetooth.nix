# Bluetooth is there where somebody uses it, and a machine is found by others only while somebody pairs a device.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.bluetooth;
in
{
  config = {
    hardware.bluetooth = lib.mkIf (cfg.enable) {
      powerOnBoot = default (!config.phoenix.machine.portable);
      settings.General = {
        Privacy = default "device";
        JustWorksRepairing = default "never";
        DiscoverableTimeout = default 60;
      };
    };

    phoenix.security.controls.bluetooth = {
      title = "Bluetooth";
      applies = config.hardware.bluetooth.enable;
      why = "it has none";
      expect = [
        (expect.oneOf "hardware.bluetooth.settings.General.JustWorksRepairing" [
          "never"
          "confirm"
        ])
        (expect.so "hardware.bluetooth.settings.General.DiscoverableTimeout" "not 0, which is for ever" (
          found: found != 0
        ))
      ];
    };
  };
}
