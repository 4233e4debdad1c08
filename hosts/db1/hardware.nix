{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.hardware.disk = {
    device = "/dev/disk/by-id/nvme-EXAMPLE_SSD_4TB_0007";
    mirror = "/dev/disk/by-id/nvme-EXAMPLE_SSD_4TB_0008";
  };

  boot.initrd.availableKernelModules = [
    "ixgbe"
    "nvme"
  ];
  boot.kernelModules = [ "kvm-amd" ];
  hardware.cpu.amd.updateMicrocode = true;
}
