# A laptop with an ARM processor and a tiling compositor.
{
  imports = [ ./hardware.nix ];

  phoenix.desktop.environment = "sway";

  system.stateVersion = "26.05";
}
