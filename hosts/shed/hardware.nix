{
  nixpkgs.hostPlatform = "aarch64-linux";

  phoenix.hardware = {
    boot.mode = "extlinux";
    disk.enable = false;
  };

  boot.initrd.luks.devices.system.device = "/dev/disk/by-partlabel/system";
  fileSystems = {
    "/" = {
      device = "/dev/mapper/system";
      fsType = "ext4";
      options = [ "noatime" ];
    };
    "/boot" = {
      device = "/dev/disk/by-label/boot";
      fsType = "ext4";
      options = [
        "nodev"
        "nosuid"
        "noexec"
      ];
    };
  };
  boot.initrd.availableKernelModules = [ "usb_storage" ];
}
