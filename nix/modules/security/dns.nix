# Names are asked for over TLS where the server can. Nothing is asked of the neighbours: whoever is quicker would be
# believed.
{
  config,
  options,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkIf mkOption types;
  cfg = config.phoenix.security.dns;
  machine = config.phoenix.machine;
  applies = machine.kind != "wsl";
  # The name of these settings changed with NixOS 26.05.
  named = options.services.resolved ? settings;
  dnssec = lib.boolToString cfg.dnssec;
  path =
    old: new: if named then "services.resolved.settings.Resolve.${new}" else "services.resolved.${old}";
in
{
  options.phoenix.security.dns = {
    servers = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [ "9.9.9.9#dns.quad9.net" ];
      description = "Servers to ask, with the name on their certificate after `#`. None means those of the network.";
    };
    dnssec = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether signed answers are checked on the host. systemd-resolved refuses names that are in order now and then, so a server
        that checks them, reached over TLS, is the better way.
      '';
    };
    tls = mkOption {
      type = types.enum [
        "opportunistic"
        "true"
      ];
      default = "opportunistic";
      description = ''
        `opportunistic` asks in the clear where the server of the network cannot do better, as in hotels and trains. `true`
        asks over TLS or not at all; it needs `servers`.
      '';
    };
  };

  config = {
    networking.nameservers = mkIf (cfg.enable && applies && cfg.servers != [ ]) cfg.servers;
    services.resolved = mkIf (cfg.enable && applies) (
      {
        enable = default true;
      }
      // (
        if named then
          {
            settings.Resolve = {
              DNSOverTLS = default cfg.tls;
              DNSSEC = default dnssec;
              LLMNR = default "false";
              MulticastDNS = default "false";
            };
          }
        else
          {
            dnsovertls = default cfg.tls;
            dnssec = default dnssec;
            llmnr = default "false";
            extraConfig = default "MulticastDNS=no";
          }
      )
    );

    assertions = [
      {
        assertion = cfg.tls == "true" -> cfg.servers != [ ];
        message = "${config.phoenix.host.name}: phoenix.security.dns.tls = \"true\" needs phoenix.security.dns.servers: the network's own seldom speak TLS.";
      }
    ];

    phoenix.security.controls.dns = {
      title = "Names";
      inherit applies;
      why = "Windows answers for WSL";
      expect = [
        (expect.is "services.resolved.enable" true)
        (expect.oneOf (path "dnsovertls" "DNSOverTLS") [
          "opportunistic"
          "true"
          true
        ])
        (expect.oneOf (path "llmnr" "LLMNR") [
          "false"
          false
        ])
      ]
      ++ lib.optional cfg.dnssec (
        expect.oneOf (path "dnssec" "DNSSEC") [
          "true"
          true
        ]
      );
    };
  };
}
