# NixOS beside Windows.
{
  phoenix.machine.kind = "wsl";
  nixpkgs.hostPlatform = "x86_64-linux";
  wsl.defaultUser = "admin";

  # Windows forwards this port from the machine itself only.
  services.openssh = {
    enable = true;
    ports = [ 2200 ];
  };
  phoenix.ports.ssh = {
    port = 2200;
    why = "phoenix deploys over SSH";
  };

  system.stateVersion = "26.05";
}
