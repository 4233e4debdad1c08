{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.hardware = {
    boot.mode = "uefi-secure";
    disk.device = "/dev/disk/by-id/nvme-EXAMPLE_SSD_512GB_0002";
    gpu.kinds = [ "intel" ];
    displays.eDP-1 = {
      mode = "2880x1800@90";
      scale = 1.75;
    };
  };

  boot.initrd.availableKernelModules = [
    "nvme"
    "thunderbolt"
    "xhci_pci"
  ];
  boot.kernelModules = [ "kvm-intel" ];
  hardware.cpu.intel.updateMicrocode = true;
}
