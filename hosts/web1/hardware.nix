{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.machine.kind = "vm";
  phoenix.hardware = {
    boot.mode = "bios";
    disk = {
      device = "/dev/vda";
      fileSystem = "ext4";
    };
  };

  boot.initrd.availableKernelModules = [
    "virtio_blk"
    "virtio_net"
    "virtio_pci"
  ];
}
