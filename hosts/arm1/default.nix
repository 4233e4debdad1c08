# A rented virtual machine with an ARM processor.
{
  nixpkgs.hostPlatform = "aarch64-linux";
  phoenix.hardware.disk = {
    device = "/dev/disk/by-path/pci-0000:00:05.0";
    # The provider holds the machine while it runs: encryption would not keep it out, and nobody is there to unlock.
    encrypt = false;
  };
  phoenix.security.exceptions.luks = {
    reason = "restarts whenever the provider moves it, with nobody there to unlock; holds nothing of worth";
    expires = "2027-03-31";
    since = "2026-11-27";
    options = [ "phoenix.hardware.disk.encrypt" ];
  };

  system.stateVersion = "26.05";
}
