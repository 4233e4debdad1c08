# PostgreSQL is asked by programs of its own host, who show by their account who they are.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.database-server;
in
{
  config = {
    services.postgresql = lib.mkIf cfg.enable {
      enableTCPIP = default false;
      settings.password_encryption = default "scram-sha-256";
    };

    phoenix.security.controls.database-server = {
      title = "Database server";
      applies = config.services.postgresql.enable;
      why = "PostgreSQL is not there";
      expect = [
        (expect.is "services.postgresql.enableTCPIP" false)
        (expect.is "services.postgresql.settings.password_encryption" "scram-sha-256")
        (expect.noLine "services.postgresql.authentication" "without `trust`" (
          line:
          builtins.match "(host[a-z]*|local)[[:space:]][^#]*[[:space:]]trust([[:space:]].*)?" line != null
        ))
      ]
      ++ lib.optional (!config.services.postgresql.enableTCPIP) (
        expect.so "services.postgresql.settings.listen_addresses" "of this host alone" (
          found:
          lib.all (
            address:
            lib.elem (lib.trim address) [
              "localhost"
              "127.0.0.1"
              "::1"
              ""
            ]
          ) (lib.splitString "," (toString found))
        )
      );
    };
  };
}
