# Encryption of the disk.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib)
    mkEnableOption
    mkIf
    mkOption
    types
    ;
  cfg = config.phoenix.security.luks;
  disk = config.phoenix.hardware.disk;
  remote = cfg.remoteUnlock.enable && config.phoenix.machine.ownDisk;
  # /sysroot and /mnt-root are the root that is open by then.
  lies =
    device:
    let
      file = device.keyFile or null;
    in
    file != null
    && !lib.any (place: lib.hasPrefix place (toString file)) [
      "/sysroot/"
      "/mnt-root/"
      "/dev/"
    ];
in
{
  options.phoenix.security.luks.remoteUnlock = {
    enable = mkEnableOption "unlocking over SSH in the initrd, after a reboot";
    port = mkOption {
      type = types.port;
      default = 2222;
      description = "Port of the initrd's SSH server. It has a host key of its own, so it must not share the system's.";
    };
    authorizedKeys = mkOption {
      type = types.listOf types.singleLineStr;
      default = lib.concatMap (user: user.sshKeys) (
        lib.filter (user: user.admin) (lib.attrValues config.phoenix.users)
      );
      defaultText = lib.literalMD "those of the administrators in `phoenix.users`";
      description = "SSH keys that may unlock.";
    };
    hostKey = mkOption {
      type = types.str;
      default = "/etc/secrets/initrd/ssh_host_ed25519_key";
      description = "Path on the host of the initrd's host key. It lies on the boot partition in the clear: never the system's key.";
    };
  };

  config = {
    boot.initrd = mkIf remote {
      systemd.enable = default true;
      systemd.network.enable = default true;
      network = {
        enable = true;
        ssh = {
          enable = true;
          inherit (cfg.remoteUnlock) port authorizedKeys;
          hostKeys = [ cfg.remoteUnlock.hostKey ];
        };
      };
    };

    phoenix.presence.unlock-key = mkIf remote {
      file = cfg.remoteUnlock.hostKey;
      why = "it is the host key of the SSH server that unlocks the disk";
      put = "sudo mkdir -p -m 700 ${dirOf cfg.remoteUnlock.hostKey} && sudo ssh-keygen -t ed25519 -N '' -f ${cfg.remoteUnlock.hostKey}";
    };

    assertions = [
      {
        assertion = remote -> config.boot.loader.supportsInitrdSecrets;
        message = "${config.phoenix.host.name}: its boot loader (phoenix.hardware.boot.mode = \"${config.phoenix.hardware.boot.mode}\") cannot bring the initrd's host key along without putting it into the store, so phoenix.security.luks.remoteUnlock cannot be used.";
      }
      {
        assertion = remote -> cfg.remoteUnlock.authorizedKeys != [ ];
        message = "${config.phoenix.host.name}: phoenix.security.luks.remoteUnlock.authorizedKeys is empty, so nobody could unlock it.";
      }
    ];

    phoenix.security.controls.luks = {
      title = "Disk encryption";
      applies = config.phoenix.machine.ownDisk;
      why = "the system has no disk of its own";
      expect =
        (
          if disk.enable then
            [ (expect.is "phoenix.hardware.disk.encrypt" true) ]
          else
            [
              (expect.so "boot.initrd.luks.devices" "at least one encrypted device" (found: found != { }))
            ]
        )
        # A key on the boot partition opens the disk for whoever takes it. One in the encrypted root, or on a stick, does not.
        ++ [
          (expect.none "boot.initrd.luks.devices" "without a keyFile on the boot partition" (
            found: lib.attrNames (lib.filterAttrs (_: lies) found)
          ))
          (expect.so "phoenix.security.luks.remoteUnlock.hostKey" "outside of the Nix store" (
            found: !lib.hasPrefix builtins.storeDir found
          ))
        ];
    };
  };
}
