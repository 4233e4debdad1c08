# No file system that people or services write to has device files, and none but those with programs has set-uid bits.
{
  config,
  lib,
  expect,
  ...
}:
let
  machine = config.phoenix.machine;
  # What is demanded of mounts of their own at these places, where a host has them.
  demands = {
    "/boot" = [
      "nodev"
      "nosuid"
      "noexec"
    ];
    "/home" = [
      "nodev"
      "nosuid"
    ];
    "/srv" = [
      "nodev"
      "nosuid"
    ];
    "/var/log" = [
      "nodev"
      "nosuid"
      "noexec"
    ];
  };
  there = lib.filterAttrs (place: _: config.fileSystems ? ${place}) demands;
in
{
  config.phoenix.security.controls.mounts = {
    title = "Options of mounts";
    applies = machine.ownDisk && there != { };
    why = "the system has one file system, or none of its own";
    expect = lib.mapAttrsToList (
      place:
      expect.has [
        "fileSystems"
        place
        "options"
      ]
    ) there;
  };
}
