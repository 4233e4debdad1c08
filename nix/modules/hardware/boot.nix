# How the machine starts.
{
  config,
  lib,
  default,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.phoenix.hardware.boot;
  machine = config.phoenix.machine;
in
{
  options.phoenix.hardware.boot = {
    mode = mkOption {
      type = types.enum [
        "uefi"
        "uefi-secure"
        "bios"
        "extlinux"
        "none"
      ];
      default = if machine.ownDisk then "uefi" else "none";
      defaultText = lib.literalMD "`\"uefi\"` for machines with a disk of their own, else `\"none\"`";
      description = ''
        `uefi`: systemd-boot. `uefi-secure`: lanzaboote, which signs what is started; its keys are made on the host with
        `sbctl create-keys`. `bios`: GRUB on the disk itself. `extlinux`: boards whose U-Boot reads extlinux.conf.
        `none`: something else starts the system.
      '';
    };
    generations = mkOption {
      type = types.ints.positive;
      default = 15;
      description = "Most boot entries. Each takes a kernel and an initrd of the boot partition.";
    };
  };

  config = {
    boot.loader = {
      timeout = default 3;
      systemd-boot = {
        enable = cfg.mode == "uefi";
        configurationLimit = default cfg.generations;
        # Whoever can edit the kernel's command line is root.
        editor = default false;
      };
      efi.canTouchEfiVariables = default (cfg.mode == "uefi" || cfg.mode == "uefi-secure");
      grub = {
        enable = cfg.mode == "bios";
        configurationLimit = default cfg.generations;
        device = mkIf (
          cfg.mode == "bios"
          && config.phoenix.hardware.disk.device != null
          && !config.phoenix.hardware.disk.enable
        ) (default config.phoenix.hardware.disk.device);
      };
      generic-extlinux-compatible = {
        enable = cfg.mode == "extlinux";
        configurationLimit = default cfg.generations;
      };
    };

    boot.lanzaboote = mkIf (cfg.mode == "uefi-secure") {
      enable = true;
      pkiBundle = default "/var/lib/sbctl";
      configurationLimit = default cfg.generations;
    };

    assertions = [
      {
        assertion = machine.ownDisk || cfg.mode == "none";
        message = "${config.phoenix.host.name} is a ${machine.kind}, which starts no boot loader: phoenix.hardware.boot.mode must be \"none\".";
      }
    ];
  };
}
