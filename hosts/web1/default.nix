# A web server in a virtual machine.
{
  imports = [ ./hardware.nix ];

  services.nginx.virtualHosts."web1.example.org" = {
    enableACME = true;
    forceSSL = true;
    root = "/srv/www";
  };

  system.stateVersion = "26.05";
}
