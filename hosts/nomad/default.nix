# A laptop with Secure Boot, whose TPM unlocks the disk.
{
  imports = [ ./hardware.nix ];

  phoenix.desktop.environment = "gnome";
  phoenix.security.tpm.unlock = true;

  system.stateVersion = "26.05";
}
