# A board at home that starts from U-Boot. It was installed from an image, so its disk is described by its mounts.
{
  imports = [ ./hardware.nix ];

  phoenix.security.backups = {
    repository = "/mnt/usb/backup";
  };

  system.stateVersion = "26.05";
}
