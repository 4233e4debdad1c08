# A desktop with an AMD graphics card and two displays.
{
  imports = [ ./hardware.nix ];

  phoenix.desktop = {
    environment = "plasma";
    keyboard = "de";
  };

  system.stateVersion = "26.05";
}
