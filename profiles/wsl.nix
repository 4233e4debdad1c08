{
  description = "NixOS in the Windows Subsystem for Linux";

  module =
    { default, lib, ... }:
    {
      phoenix.machine.kind = lib.mkForce "wsl";
      phoenix.hardware.boot.mode = lib.mkForce "none";
      # WSL enters as this user, who has no password to become root with but the one an administrator sets.
      wsl.defaultUser = default "user";
    };
}
