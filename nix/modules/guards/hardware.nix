# A host's hardware is described in its own folder. A system made with another host's disks boots into emergency mode.
{
  config,
  options,
  lib,
  phoenix,
  ...
}:
let
  inherit (lib) concatMap filter hasPrefix;
  name = config.phoenix.host.name;
  own = "hosts/${name}/";

  # Where the disks and the hardware of a host are written down.
  watched = [
    [ "fileSystems" ]
    [ "swapDevices" ]
    [
      "boot"
      "initrd"
      "luks"
      "devices"
    ]
    [
      "boot"
      "initrd"
      "availableKernelModules"
    ]
    [
      "phoenix"
      "hardware"
      "disk"
      "device"
    ]
    [
      "phoenix"
      "hardware"
      "disk"
      "mirror"
    ]
    [
      "phoenix"
      "hardware"
      "facter"
    ]
    [
      "disko"
      "devices"
    ]
  ];

  foreign =
    path:
    let
      files =
        map (each: phoenix.place each.file)
          (lib.getAttrFromPath path options).definitionsWithLocations;
    in
    map (file: { inherit file path; }) (
      filter (file: hasPrefix "hosts/" file && !hasPrefix own file) files
    );

  # fleet-wide facts must not stand where every host gets them.
  shared =
    let
      files = map (
        each: phoenix.place each.file
      ) options.phoenix.hardware.disk.device.definitionsWithLocations;
    in
    filter (file: hasPrefix "profiles/" file) files;
  report = config.phoenix.hardware.facter;
in
{
  assertions =
    map (each: {
      assertion = false;
      message = "${name} takes ${lib.showOption each.path} from ${each.file}, the hardware of another host. Describe the hardware of ${name} in ${own}.";
    }) (concatMap foreign watched)
    ++ map (file: {
      assertion = false;
      message = "${file} sets phoenix.hardware.disk.device, so every host with that fleet profile would claim the same disk. Set it in ${own}.";
    }) shared
    ++ [
      {
        assertion = report == null || hasPrefix own (phoenix.place report);
        message = "${name} has the hardware report ${
          toString (if report == null then "" else phoenix.place report)
        }; it must be its own, ${own}facter.json.";
      }
    ];
}
