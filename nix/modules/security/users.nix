# Accounts are those of the configuration, and no password stands in it: the store is readable by everybody.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.users;
  installer = config.phoenix.machine.kind == "installer";
  plain =
    user:
    user.password != null
    || user.initialPassword != null
    || user.initialHashedPassword != null && user.initialHashedPassword != ""
    ||
      user.hashedPassword != null && user.hashedPassword != "" && !(lib.hasPrefix "!" user.hashedPassword)
    || user.hashedPasswordFile != null && lib.hasPrefix builtins.storeDir user.hashedPasswordFile;
  # A hash of nothing lets in without a password.
  open =
    user:
    user.hashedPasswordFile == null && (user.hashedPassword == "" || user.initialHashedPassword == "");
  weak = user: lib.any (lib.hasPrefix "ssh-dss ") user.openssh.authorizedKeys.keys;
  named = which: found: map (user: user.name) (lib.filter which (lib.attrValues found));
in
{
  config = {
    users.mutableUsers = lib.mkIf cfg.enable (default installer);
    security.loginDefs.settings = lib.mkIf cfg.enable {
      ENCRYPT_METHOD = default "YESCRYPT";
      UMASK = default "077";
    };

    phoenix.security.controls.users = {
      title = "Accounts and passwords";
      # The medium's accounts are NixOS's own, with empty passwords.
      applies = !installer;
      why = "the medium keeps nothing, and its accounts are gone when it is taken out";
      expect = [
        (expect.is "users.mutableUsers" false)
        (expect.none "users.users"
          "without a password or its hash (use hashedPasswordFile, outside of the store)"
          (named plain)
        )
        (expect.none "users.users" "without an empty password" (named open))
        (expect.none "users.users" "without DSA keys" (named weak))
      ];
    };
  };
}
