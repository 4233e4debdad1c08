{
  nixpkgs.hostPlatform = "aarch64-linux";

  phoenix.hardware = {
    disk.device = "/dev/disk/by-id/nvme-EXAMPLE_SSD_256GB_0003";
    displays.eDP-1.mode = "1920x1200@60";
  };

  # Its firmware forgets boot entries that the system writes.
  boot.loader.efi.canTouchEfiVariables = false;
  boot.initrd.availableKernelModules = [
    "nvme"
    "usb_storage"
  ];
}
