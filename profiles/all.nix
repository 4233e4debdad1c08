{
  description = "What all hosts of this fleet have: who administers them, and where they are";

  module =
    { default, ... }:
    {
      time.timeZone = default "Europe/Berlin";

      # Replace the key by your own: nobody has the other half of this one.
      phoenix.users.admin = default {
        description = "Administrator";
        admin = true;
        sshKeys = [
          "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4VNds3tvyxkSz+Jbaps8JRbwDQsiMGdPYzIsOzOo3e admin@example.org"
        ];
      };

      security.acme.defaults.email = default "admin@example.org";
    };
}
