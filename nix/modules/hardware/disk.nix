# The layout of the system disk: a boot partition, and LUKS with a file system in it. disko makes it at installation, and
# gives NixOS the mounts.
{
  config,
  lib,
  default,
  ...
}:
let
  inherit (lib) mkOption optionalAttrs types;
  cfg = config.phoenix.hardware.disk;
  host = config.phoenix.host.name;
  boot = config.phoenix.hardware.boot.mode;

  subvolumes = {
    "@root".mountpoint = "/";
    "@home" = {
      mountpoint = "/home";
      mountOptions = [
        "compress=zstd"
        "nodev"
        "nosuid"
      ];
    };
    "@nix" = {
      mountpoint = "/nix";
      mountOptions = [
        "compress=zstd"
        "noatime"
        "nodev"
      ];
    };
    "@log" = {
      mountpoint = "/var/log";
      mountOptions = [
        "compress=zstd"
        "nodev"
        "nosuid"
        "noexec"
      ];
    };
  };

  fileSystem =
    if cfg.fileSystem == "btrfs" then
      {
        type = "btrfs";
        # The second disk's half, where there is one.
        extraArgs = [
          "-f"
        ]
        ++ lib.optionals (cfg.mirror != null) [
          "-m"
          "raid1"
          "-d"
          "raid1"
          (inner "mirror")
        ];
        subvolumes =
          subvolumes
          // optionalAttrs (cfg.swap != null) {
            "@swap" = {
              mountpoint = "/.swap";
              swap.swapfile.size = cfg.swap;
            };
          };
      }
    else
      {
        type = "filesystem";
        format = cfg.fileSystem;
        mountpoint = "/";
        mountOptions = [ "noatime" ];
      };

  inner =
    name: if cfg.encrypt then "/dev/mapper/${name}" else "/dev/disk/by-partlabel/disk-${name}-system";

  encrypted =
    name: content:
    {
      type = "luks";
      inherit name;
      settings = {
        allowDiscards = cfg.discards;
        bypassWorkqueues = true;
      };
      extraFormatArgs = [
        "--type"
        "luks2"
        "--pbkdf"
        "argon2id"
      ];
    }
    // optionalAttrs (content != null) { inherit content; };

  system = name: content: {
    size = "100%";
    content = if cfg.encrypt then encrypted name content else content;
  };

  bootPartition =
    if boot == "bios" then
      {
        bios = {
          size = "1M";
          type = "EF02";
          priority = 1;
        };
        boot = {
          size = "1G";
          priority = 2;
          content = {
            type = "filesystem";
            format = "ext4";
            mountpoint = "/boot";
            mountOptions = [
              "nodev"
              "nosuid"
              "noexec"
            ];
          };
        };
      }
    else
      {
        ESP = {
          size = "1G";
          type = "EF00";
          priority = 1;
          content = {
            type = "filesystem";
            format = "vfat";
            mountpoint = "/boot";
            # The random seed there must be read by nobody but root.
            mountOptions = [
              "umask=0077"
              "nodev"
              "nosuid"
              "noexec"
            ];
          };
        };
      };
in
{
  options.phoenix.hardware.disk = {
    enable = mkOption {
      type = types.bool;
      default = config.phoenix.machine.ownDisk;
      defaultText = lib.literalMD "on for machines with a disk of their own";
      description = "Whether phoenix lays out the system disk. Off for hosts that were installed otherwise: their hardware.nix has the mounts.";
    };
    device = mkOption {
      type = types.nullOr (types.strMatching "/dev/(disk/by-id/.+|disk/by-path/.+|vda|xvda)");
      default = null;
      example = "/dev/disk/by-id/nvme-Samsung_SSD_980_S64DNX0R000000";
      description = "The system disk, by a name that it keeps: /dev/disk/by-id/…, or /dev/vda of a virtual machine.";
    };
    mirror = mkOption {
      type = types.nullOr (types.strMatching "/dev/disk/by-(id|path)/.+");
      default = null;
      description = ''
        A second disk that holds all data as well, with btrfs. Damaged data is mended from it, and a disk that dies costs
        none; but the boot partition is on the first disk alone, and the machine starts by itself only with both.
      '';
    };
    encrypt = mkOption {
      type = types.bool;
      default = true;
      description = "Whether everything but the boot partition is in LUKS 2. Off needs `phoenix.security.exceptions.luks`.";
    };
    discards = mkOption {
      type = types.bool;
      default = true;
      description = "Whether an SSD is told which blocks are free. It shows how full the disk is to whoever holds it.";
    };
    fileSystem = mkOption {
      type = types.enum [
        "btrfs"
        "ext4"
        "xfs"
      ];
      default = "btrfs";
      description = "File system of the disk.";
    };
    swap = mkOption {
      type = types.nullOr (types.strMatching "[0-9]+[MG]");
      default = null;
      example = "16G";
      description = "Size of a swap file in the encrypted part; with btrfs only.";
    };
  };

  config = {
    disko.devices.disk = lib.mkIf (cfg.enable && cfg.device != null) (
      {
        system = {
          type = "disk";
          inherit (cfg) device;
          content = {
            type = "gpt";
            partitions = bootPartition // {
              system = system "system" fileSystem;
            };
          };
        };
      }
      // optionalAttrs (cfg.mirror != null) {
        # Comes first by its name: its half must be there when the file system is made.
        mirror = {
          type = "disk";
          device = cfg.mirror;
          content = {
            type = "gpt";
            partitions.system = system "mirror" null;
          };
        };
      }
    );

    zramSwap.enable = default config.phoenix.machine.ownKernel;

    assertions = lib.optionals cfg.enable [
      {
        assertion = cfg.device != null;
        message = "${host} has no system disk. Set phoenix.hardware.disk.device = \"/dev/disk/by-id/…\" in hosts/${host}/, or phoenix.hardware.disk.enable = false with the mounts in its hardware.nix.";
      }
      {
        assertion = cfg.mirror == null || cfg.fileSystem == "btrfs" && cfg.mirror != cfg.device;
        message = "${host}: phoenix.hardware.disk.mirror needs another disk and the file system btrfs.";
      }
      {
        # btrfs(5): a swap file lies on one device.
        assertion = cfg.swap == null || cfg.fileSystem == "btrfs" && cfg.mirror == null;
        message = "${host}: phoenix.hardware.disk.swap needs the file system btrfs on one disk, without a mirror.";
      }
    ];
  };
}
