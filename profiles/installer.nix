{
  description = "A medium to start a machine from and install it; it keeps nothing";

  module =
    {
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
      phoenix.security.exceptions.sshd = default {
        reason = "installing is root's work, and the medium has no account with a password to become root with";
        expires = "2027-11-30";
        since = "2026-11-27";
        options = [ "services.openssh.settings.PermitRootLogin" ];
      };
      environment.systemPackages = [
        pkgs.nixos-facter
        pkgs.sbctl
      ];
    };
}
