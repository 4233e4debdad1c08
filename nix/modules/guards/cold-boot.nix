# What works on the running host and fails at its next start from cold: nobody is there to type then.
{
  config,
  lib,
  ...
}:
let
  inherit (lib)
    concatMapStringsSep
    filter
    hasPrefix
    any
    optional
    ;
  cfg = config.phoenix;
  systems = lib.attrValues config.fileSystems;
  name = cfg.host.name;

  bad =
    test: message:
    map (each: {
      assertion = false;
      message = "${name}: ${message each}";
    }) (filter test systems);

  starts = prefixes: text: text != null && any (prefix: hasPrefix prefix text) prefixes;

  # Mounts of container engines, which a scan of a running machine takes for its own.
  container =
    each:
    cfg.machine.ownDisk
    && (
      starts [
        "/var/lib/docker/"
        "/var/lib/containers/"
        "/var/lib/containerd/"
        "/var/lib/kubelet/"
        "/run/"
        "/proc/"
        "/sys/"
        "/dev/"
      ] each.mountPoint
      || starts [ "nsfs" "shm" "overlay" ] each.device
      || lib.elem each.fsType [
        "nsfs"
        "overlay"
        "fuse.fuse-overlayfs"
        "fuse.lxcfs"
        "squashfs"
      ]
    );

  # /dev/sdb is another disk as soon as one is added. The first disk of a virtual machine has no other name at times.
  unstable =
    each:
    cfg.machine.ownDisk
    && each.device != null
    &&
      builtins.match "/dev/(sd[a-z]+|nvme[0-9]+n[0-9]+|mmcblk[0-9]+|hd[a-z])(p?[0-9]+)?" each.device
      != null;

  network =
    each:
    lib.elem each.fsType [
      "nfs"
      "nfs4"
      "cifs"
      "smb3"
      "fuse.sshfs"
      "ceph"
      "glusterfs"
    ]
    && !any (option: lib.elem option each.options) [
      "nofail"
      "noauto"
      "x-systemd.automount"
    ];

  loaders = filter (each: each.on) [
    {
      name = "systemd-boot";
      on = config.boot.loader.systemd-boot.enable;
    }
    {
      name = "grub";
      on = config.boot.loader.grub.enable;
    }
    {
      name = "lanzaboote";
      on = config.boot.lanzaboote.enable;
    }
    {
      name = "extlinux";
      on = config.boot.loader.generic-extlinux-compatible.enable;
    }
  ];
in
{
  assertions =
    bad container (
      each:
      "fileSystems.\"${each.mountPoint}\" (${toString each.device}, ${each.fsType}) belongs to a container engine and is not there at a cold boot. Take it out of the hardware file."
    )
    ++ bad unstable (
      each:
      "fileSystems.\"${each.mountPoint}\" is on ${each.device}, which may be another disk at the next boot. Name it by /dev/disk/by-id, by-uuid, by-label or by-partlabel."
    )
    ++ bad network (
      each:
      "fileSystems.\"${each.mountPoint}\" (${each.fsType}) stops the boot when the network is not there. Add \"nofail\" or \"x-systemd.automount\" to its options."
    )
    ++ lib.optionals cfg.machine.ownDisk [
      {
        assertion = config.fileSystems ? "/";
        message = "${name} has no root file system. Set phoenix.hardware.disk.device, or fileSystems.\"/\" in hosts/${name}/hardware.nix.";
      }
      {
        assertion = lib.length loaders == 1;
        message = "${name} must have one boot loader, and has ${
          if loaders == [ ] then "none" else concatMapStringsSep " and " (each: each.name) loaders
        }. Set phoenix.hardware.boot.mode.";
      }
    ];

  warnings =
    optional
      (
        cfg.machine.ownDisk
        && !cfg.machine.graphical
        && config.boot.initrd.luks.devices != { }
        && !config.boot.initrd.network.ssh.enable
        && !cfg.security.tpm.unlock
      )
      "${name}: its disk is encrypted, and nobody can unlock it from afar after a reboot: neither SSH in the initrd nor a TPM is set up. Set phoenix.security.luks.remoteUnlock.enable, or have someone at the console.";
}
