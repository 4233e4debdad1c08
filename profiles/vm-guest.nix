{
  description = "A server in a virtual machine";
  inherits = [ "server" ];

  module =
    { default, ... }:
    {
      phoenix.machine.kind = default "vm";
      services.qemuGuest.enable = default true;
      boot.initrd.availableKernelModules = [
        "virtio_blk"
        "virtio_net"
        "virtio_pci"
        "virtio_scsi"
      ];
      # The hypervisor's console is the only one.
      boot.kernelParams = [ "console=ttyS0,115200" ];
    };
}
