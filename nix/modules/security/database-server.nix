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
        (expect.so "services.postgresql.authentication" "without `trust`" (
          found: builtins.match ".*\n(host|local)[^\n]*[ \t]trust.*" ("\n" + found) == null
        ))
      ]
      ++ lib.optional (!config.services.postgresql.enableTCPIP) (
        expect.oneOf "services.postgresql.settings.listen_addresses" [
          "localhost"
          "127.0.0.1"
          ""
        ]
      );
    };
  };
}
