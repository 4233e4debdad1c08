# A web server in a virtual machine.
{
  imports = [ ./hardware.nix ];

  services.nginx.virtualHosts."web1.example.org" = {
    enableACME = true;
    forceSSL = true;
    root = "/srv/www";
  };

  phoenix.security.luks.remoteUnlock.enable = true;

  system.stateVersion = "26.05";
}
