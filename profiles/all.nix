{
  description = "What all hosts of this fleet have: who administers them, and where they are";

  module =
    { config, default, ... }:
    {
      time.timeZone = default "Europe/Berlin";

      phoenix.users.admin = {
        description = default "Administrator";
        admin = default true;
        # The hash of the password that makes the administrator root, from `mkpasswd`. It is put on the host at installation.
        hashedPasswordFile = default "/var/lib/passwords/admin";
        # Replace the key by your own: nobody has the other half of this one. A host's keys are added to it.
        sshKeys = [
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4VNds3tvyxkSz+Jbaps8JRbwDQsiMGdPYzIsOzOo3e admin@example.org"
        ];
      };

      # Where hosts that hold something keep a second copy, in another building.
      phoenix.security.backups.offsite = default "rest:https://backup.example.org/${config.phoenix.host.name}";

      security.acme.defaults.email = default "admin@example.org";
    };
}
