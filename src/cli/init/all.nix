{
  description = "What all hosts of this fleet have: who administers them, and where they are";

  module =
    { default, ... }:
    {
      time.timeZone = default "UTC";

      # Who may log in, and become root with a password. phoenix comes in as this user (fleet.toml).
      phoenix.users."@USER@" = {
        description = default "Administrator";
        admin = default true;
        # The hash of the password, from `mkpasswd`: put it there on each host. A system whose host lacks it is refused there.
        hashedPasswordFile = default "/var/lib/passwords/@USER@";
        # Lines as in ~/.ssh/id_ed25519.pub. A host's own are added to these.
        sshKeys = [ "@KEYS@" ];
      };

      # Where hosts that hold something, as those of `database` and `homelab` do, keep a copy in another building.
      # phoenix.security.backups.offsite = default "rest:https://backup.example.org/…";
    };
}
