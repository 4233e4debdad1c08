{
  description = "A server in a virtual machine";
  inherits = [ "server" ];

  module =
    { default, pkgs, ... }:
    {
      phoenix.machine.kind = default "vm";
      services.qemuGuest.enable = default true;
      boot.initrd.availableKernelModules = [
        "virtio_blk"
        "virtio_net"
        "virtio_pci"
        "virtio_scsi"
      ];
      # The kernel speaks at both of the hypervisor's consoles; what asks for a passphrase does at the last one.
      boot.kernelParams = [
        "console=tty0"
        "console=${if pkgs.stdenv.hostPlatform.isAarch64 then "ttyAMA0" else "ttyS0"},115200"
      ];
    };
}
