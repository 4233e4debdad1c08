# The TPM: programs may use it, and where asked for it unlocks the disk.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.tpm;
  mirror = config.phoenix.hardware.disk.mirror;
  unlock = cfg.unlock && config.phoenix.machine.ownDisk;
in
{
  options.phoenix.security.tpm.unlock = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = ''
      Whether the TPM unlocks the disk at boot. It must be enrolled on the host: `systemd-cryptenroll --tpm2-device=auto
      --tpm2-pcrs=7 DEVICE`. Without Secure Boot it protects a disk taken out, but not a stolen machine.
    '';
  };

  config = {
    security.tpm2 = lib.mkIf (cfg.enable && config.phoenix.machine.physical) {
      enable = default true;
      # The resource manager's own bus is for software that predates the kernel's.
      abrmd.enable = default false;
    };

    boot.initrd = lib.mkIf unlock {
      systemd.enable = true;
      luks.devices = lib.genAttrs ([ "system" ] ++ lib.optional (mirror != null) "mirror") (_: {
        crypttabExtraOpts = [ "tpm2-device=auto" ];
      });
    };

    phoenix.security.controls.tpm = {
      title = "TPM";
      applies = unlock;
      why = "the TPM holds no key of the disk";
      expect = [
        (expect.is "boot.initrd.systemd.enable" true)
        (expect.is "phoenix.hardware.boot.mode" "uefi-secure")
      ];
    };
  };
}
