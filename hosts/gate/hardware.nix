{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.hardware = {
    boot.mode = "bios";
    disk = {
      device = "/dev/disk/by-id/ata-EXAMPLE_SSD_120GB_0006";
      fileSystem = "ext4";
    };
  };

  boot.initrd.availableKernelModules = [
    "ahci"
    # The network card, for unlocking.
    "igb"
  ];
  boot.kernelModules = [ "kvm-intel" ];
  hardware.cpu.intel.updateMicrocode = true;
}
