{
  description = "A PostgreSQL server that keeps what must not be lost";
  inherits = [ "server" ];

  module =
    { default, config, ... }:
    {
      services.postgresql.enable = default true;
      services.postgresqlBackup = {
        enable = default true;
        backupAll = default true;
        compression = default "zstd";
      };
      phoenix.security.backups = {
        required = default true;
        paths = [ config.services.postgresqlBackup.location ];
      };
      # The kernel must not end the database for want of memory that was only promised.
      boot.kernel.sysctl."vm.overcommit_memory" = default 2;
    };
}
