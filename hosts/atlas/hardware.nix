{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.hardware = {
    disk.device = "/dev/disk/by-id/nvme-EXAMPLE_SSD_1TB_0001";
    gpu.kinds = [ "amd" ];
    displays = {
      DP-1 = {
        mode = "2560x1440@144";
        position = "0,0";
      };
      DP-2 = {
        mode = "2560x1440@60";
        position = "2560,0";
      };
    };
  };

  boot.initrd.availableKernelModules = [
    "nvme"
    "usbhid"
    "xhci_pci"
  ];
  boot.kernelModules = [ "kvm-amd" ];
  hardware.cpu.amd.updateMicrocode = true;
}
