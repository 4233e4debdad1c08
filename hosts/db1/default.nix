# The database, on two mirrored disks.
{
  imports = [ ./hardware.nix ];

  phoenix.ports.postgresql = {
    port = 5432;
    interfaces = [ "enp1s0" ];
    why = "web1 asks the database";
  };
  services.postgresql.enableTCPIP = true;
  phoenix.security.exceptions.database-server = {
    reason = "web1 is another machine; the port is open on the inner network only";
    expires = "2027-06-30";
    since = "2026-11-27";
    options = [ "services.postgresql.enableTCPIP" ];
  };

  phoenix.security.backups = {
    repository = "/srv/backup";
  };

  phoenix.security.luks.remoteUnlock.enable = true;

  system.stateVersion = "26.05";
}
