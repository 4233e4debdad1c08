{
  description = "A web server: nginx with certificates of its own";
  inherits = [ "server" ];

  module =
    { default, ... }:
    {
      services.nginx.enable = default true;
      security.acme.acceptTerms = default true;
      phoenix.ports = {
        http = default {
          port = 80;
          why = "sends visitors to https, and answers for certificates";
        };
        https = default {
          port = 443;
          protocols = [
            "tcp"
            "udp"
          ];
          why = "the sites";
        };
      };
    };
}
