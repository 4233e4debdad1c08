{
  description = "What all hosts of this fleet have: who administers them, and where they are";

  module =
    { default, ... }:
    {
      time.timeZone = default "UTC";

      # Who may log in, with which key. Whom phoenix logs in as must be able to.
      # phoenix.users.admin = default {
      #   description = "Administrator";
      #   admin = true;
      #   sshKeys = [ "ssh-ed25519 …" ];
      # };
    };
}
