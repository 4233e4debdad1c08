# The rest of the hardware stands in facter.json, which nixos-facter wrote on the host.
{
  nixpkgs.hostPlatform = "x86_64-linux";

  phoenix.hardware.disk = {
    device = "/dev/disk/by-id/nvme-EXAMPLE_SSD_4TB_0009";
    fileSystem = "xfs";
  };

  # Builds for ARM as well.
  boot.binfmt.emulatedSystems = [ "aarch64-linux" ];
}
