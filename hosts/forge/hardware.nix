{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.hardware = {
    disk = {
      device = "/dev/disk/by-id/nvme-EXAMPLE_SSD_2TB_0004";
      mirror = "/dev/disk/by-id/nvme-EXAMPLE_SSD_2TB_0005";
    };
    gpu.kinds = [ "nvidia" ];
    displays.HDMI-A-1 = {
      mode = "3840x2160@60";
      scale = 1.5;
    };
  };

  boot.initrd.availableKernelModules = [
    "ahci"
    "nvme"
    "usbhid"
    "xhci_pci"
  ];
  boot.kernelModules = [ "kvm-amd" ];
  hardware.cpu.amd.updateMicrocode = true;
}
