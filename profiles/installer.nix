{
  description = "A medium to start a machine from and install it; it keeps nothing";

  module =
    {
      config,
      default,
      lib,
      modulesPath,
      pkgs,
      ...
    }:
    {
      imports = [ (modulesPath + "/installer/cd-dvd/installation-cd-minimal.nix") ];
      phoenix.machine.kind = lib.mkForce "installer";
      phoenix.hardware.boot.mode = lib.mkForce "none";
      services.openssh.enable = default true;
      networking.wireless.enable = lib.mkForce false;
      networking.networkmanager.enable = default true;
      phoenix.ports.ssh = default {
        port = 22;
        why = "the machine is installed over SSH";
      };
      # Who installs a machine is root on the medium, with a key that is built into it.
      services.openssh.settings.PermitRootLogin = lib.mkForce "prohibit-password";
      users.users.root.openssh.authorizedKeys.keys = lib.concatMap (user: user.sshKeys) (
        lib.filter (user: user.admin) (lib.attrValues config.phoenix.users)
      );
      phoenix.security.exceptions.sshd = default {
        reason = "installing is root's work, and the medium has no account with a password to become root with";
        expires = "2027-11-30";
        since = "2026-11-27";
        options = [ "services.openssh.settings.PermitRootLogin" ];
      };
      phoenix.security.exceptions.sudo = default {
        reason = "the accounts of the medium have no passwords; it keeps nothing, and is reached with its owner's key only";
        expires = "2027-11-30";
        since = "2026-11-27";
      };
      phoenix.security.exceptions.nix-daemon = default {
        reason = "the medium's account copies the system it installs into the store";
        expires = "2027-11-30";
        since = "2026-11-27";
        options = [ "nix.settings.trusted-users" ];
      };
      environment.systemPackages = [
        pkgs.nixos-facter
        pkgs.sbctl
      ];
    };
}
