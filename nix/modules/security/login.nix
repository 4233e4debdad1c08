# Nobody is let in at the screen without a password.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.login;
  machine = config.phoenix.machine;
  applies = machine.kind != "installer" && machine.kind != "wsl";
  isPerson = name: name == "root" || (config.users.users.${name}.isNormalUser or false);
in
{
  config = {
    services.getty.helpLine = lib.mkIf cfg.enable (default "");
    # Sway locks through PAM; without the service nobody gets in again.
    security.pam.services = lib.mkIf (cfg.enable && config.programs.sway.enable) { swaylock = { }; };
    phoenix.security.controls.login = {
      title = "Logging in at the screen";
      inherit applies;
      why = "there is no screen to protect";
      expect = [
        (expect.is "services.getty.autologinUser" null)
        (expect.is "services.displayManager.autoLogin.enable" false)
        # A shell of root for whoever stands there.
        (expect.so "boot.initrd.systemd.emergencyAccess" "false, or the hash of a password" (
          found: found != true
        ))
        (expect.lacks "boot.kernelParams" [
          "systemd.debug_shell"
          "systemd.debug_shell=1"
          "rd.systemd.debug_shell"
          "rd.systemd.debug_shell=1"
          "boot.shell_on_fail"
          "init=/bin/sh"
        ])
      ]
      # Its settings have no value where it is off.
      ++ lib.optional config.services.greetd.enable (
        expect.so "services.greetd.settings"
          "without initial_session, and with a greeter of its own account"
          (found: !(found ? initial_session) && !(isPerson (found.default_session.user or "greeter")))
      );
    };
  };
}
