# The SSH server: keys only, no root, modern algorithms. Its port is opened by a fleet profile or a host, never here.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.sshd;
  # What OpenSSH can still do, and does not by itself.
  broken = [
    "3des-cbc"
    "aes128-cbc"
    "aes192-cbc"
    "aes256-cbc"
    "hmac-md5"
    "hmac-md5-96"
    "hmac-sha1"
    "hmac-sha1-96"
    "diffie-hellman-group1-sha1"
    "diffie-hellman-group14-sha1"
    "diffie-hellman-group-exchange-sha1"
  ];
  # What a `Match` block may take back. Format: sshd_config(5).
  weakens =
    line:
    builtins.match "(passwordauthentication|kbdinteractiveauthentication|challengeresponseauthentication|permitrootlogin|permitemptypasswords|x11forwarding)[[:space:]=]+\"?(yes|prohibit-password|without-password).*" (
      lib.toLower line
    ) != null;
in
{
  config = {
    services.openssh = lib.mkIf cfg.enable {
      openFirewall = default false;
      startWhenNeeded = default false;
      # Keys stand in the system, never in a home: who can write there could let others in.
      authorizedKeysInHomedir = default false;
      settings = {
        PasswordAuthentication = default false;
        KbdInteractiveAuthentication = default false;
        PermitRootLogin = default "no";
        X11Forwarding = default false;
        AllowAgentForwarding = default false;
        LoginGraceTime = default 30;
        ClientAliveInterval = default 60;
        ClientAliveCountMax = default 3;
        UseDns = default false;
      };
    };

    phoenix.security.controls.sshd = {
      title = "SSH server";
      applies = config.services.openssh.enable;
      why = "no SSH server runs here";
      expect = [
        (expect.is "services.openssh.settings.PasswordAuthentication" false)
        (expect.is "services.openssh.settings.KbdInteractiveAuthentication" false)
        (expect.is "services.openssh.settings.PermitRootLogin" "no")
        (expect.is "services.openssh.settings.X11Forwarding" false)
        (expect.is "services.openssh.authorizedKeysInHomedir" false)
        (expect.so "services.openssh.authorizedKeysFiles" "below /etc" (
          found: lib.all (lib.hasPrefix "/etc/") found
        ))
        (expect.lacks "services.openssh.settings.Ciphers" broken)
        (expect.lacks "services.openssh.settings.Macs" broken)
        (expect.lacks "services.openssh.settings.KexAlgorithms" broken)
        (expect.so "services.openssh.settings.PermitEmptyPasswords" "unset or \"no\"" (
          found:
          lib.elem found [
            null
            false
            "no"
          ]
        ))
        (expect.noLine "services.openssh.extraConfig" "without what the settings forbid" weakens)
      ];
    };
  };
}
