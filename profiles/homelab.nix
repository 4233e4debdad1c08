{
  description = "A small server at home: files for the household, with containers beside them";
  inherits = [ "server" ];

  module =
    { default, ... }:
    {
      virtualisation.podman.enable = default true;
      services.samba = {
        enable = default true;
        openFirewall = default false;
        settings.global = {
          "server min protocol" = default "SMB3";
          "server smb encrypt" = default "required";
          "map to guest" = default "never";
        };
      };
      services.smartd.enable = default true;
      phoenix.security.backups.required = default true;
    };
}
