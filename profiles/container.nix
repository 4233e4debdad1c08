{
  description = "A system container of LXC or Incus";
  inherits = [ "server" ];

  module =
    { lib, modulesPath, ... }:
    {
      imports = [ (modulesPath + "/virtualisation/lxc-container.nix") ];
      # NixOS's module leaves root without a password, for consoles that this fleet does not use.
      users.users.root.initialHashedPassword = lib.mkForce null;
      phoenix.machine.kind = lib.mkForce "container";
      phoenix.hardware.boot.mode = lib.mkForce "none";
    };
}
