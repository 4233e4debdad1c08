{
  description = "What all hosts of this fleet have: who administers them, and where they are";

  module =
    { config, default, ... }:
    {
      time.timeZone = default "Europe/Berlin";

      # Replace the key by your own: nobody has the other half of this one.
      phoenix.users.admin = default {
        description = "Administrator";
        admin = true;
        # The hash of the password that makes the administrator root, from `mkpasswd`. It is put on the host at installation.
        hashedPasswordFile = "/var/lib/passwords/admin";
        sshKeys = [
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4VNds3tvyxkSz+Jbaps8JRbwDQsiMGdPYzIsOzOo3e admin@example.org"
        ];
      };

      # Where hosts that hold something keep a second copy, in another building.
      phoenix.security.backups.offsite = default "rest:https://backup.example.org/${config.phoenix.host.name}";

      security.acme.defaults.email = default "admin@example.org";
    };
}
