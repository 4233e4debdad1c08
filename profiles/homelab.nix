{
  description = "A small server at home: files for the household, with containers beside them";
  inherits = [ "server" ];

  module =
    {
      default,
      lib,
      options,
      ...
    }:
    {
      config.virtualisation.podman.enable = default true;
      config.services.samba = {
        enable = default true;
        openFirewall = default false;
      }
      # NixOS before 24.11 had one text instead.
      // lib.optionalAttrs (options.services.samba ? settings) {
        settings.global = {
          "server min protocol" = default "SMB3";
          "server smb encrypt" = default "required";
          "map to guest" = default "never";
        };
      };
      config.services.smartd.enable = default true;
      config.phoenix.security.backups = {
        required = default true;
        paths = [ "/srv" ];
      };
    };
}
