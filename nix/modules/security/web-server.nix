# nginx tells nothing of itself, speaks modern TLS only, and sends visitors there.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.web-server;
  # A site that answers in the clear, and does not send visitors elsewhere.
  clear =
    site:
    !(
      site.forceSSL
      || site.onlySSL
      || site.globalRedirect != null
      || isInward site
      || site.rejectSSL && closes site
    );
  # It is asked by programs of its own host.
  isInward =
    site:
    site.listen != [ ]
    && lib.all (
      place:
      lib.hasPrefix "unix:" place.addr
      || lib.elem place.addr [
        "127.0.0.1"
        "[::1]"
        "localhost"
      ]
    ) site.listen;
  # The usual site for all names that are not there.
  closes = site: toString (site.locations."/".return or "") == "444";
  # NixOS's own page for the host itself, which it denies to all others.
  isStatus = name: name == "localhost" && config.services.nginx.statusPage;
in
{
  config = {
    services.nginx = lib.mkIf cfg.enable {
      serverTokens = default false;
      recommendedTlsSettings = default true;
      recommendedOptimisation = default true;
      recommendedProxySettings = default true;
      sslProtocols = default "TLSv1.2 TLSv1.3";
    };

    phoenix.security.controls.web-server = {
      title = "Web server";
      applies = config.services.nginx.enable;
      why = "nginx is not there";
      expect = [
        (expect.is "services.nginx.serverTokens" false)
        (expect.is "services.nginx.recommendedTlsSettings" true)
        (expect.so "services.nginx.sslProtocols" "TLS 1.2 and newer" (
          found:
          lib.all (
            word:
            lib.elem word [
              "TLSv1.2"
              "TLSv1.3"
            ]
          ) (lib.splitString " " found)
        ))
        (expect.none "services.nginx.virtualHosts" "with forceSSL or onlySSL" (
          found: lib.attrNames (lib.filterAttrs (name: site: clear site && !(isStatus name)) found)
        ))
      ];
    };
  };
}
