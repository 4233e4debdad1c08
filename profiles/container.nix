{
  description = "A system container of LXC or Incus";
  inherits = [ "server" ];

  module =
    { lib, modulesPath, ... }:
    {
      imports = [ (modulesPath + "/virtualisation/lxc-container.nix") ];
      phoenix.machine.kind = lib.mkForce "container";
      phoenix.hardware.boot.mode = lib.mkForce "none";
    };
}
