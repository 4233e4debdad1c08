# A workstation with an NVIDIA card for calculations, on two mirrored disks.
{
  imports = [ ./hardware.nix ];

  phoenix.desktop.environment = "hyprland";

  system.stateVersion = "26.05";
}
