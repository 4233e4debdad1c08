# Who comes in, and who becomes root there: a system that lets nobody in locks its owner out.
{
  config,
  lib,
  ...
}:
let
  inherit (lib)
    any
    attrValues
    concatMapStringsSep
    filter
    mapAttrsToList
    ;
  cfg = config.phoenix;
  name = cfg.host.name;
  sshd = config.services.openssh;
  people = attrValues config.users.users;

  hasKey =
    user:
    user.openssh.authorizedKeys.keys != [ ]
    || user.openssh.authorizedKeys.keyFiles != [ ]
    || (user.openssh.authorizedPrincipals or [ ]) != [ ];
  # Entries of AllowUsers and the like are patterns, of which only plain ones are judged. Format: sshd_config(5).
  named =
    list: name:
    any (
      entry:
      lib.hasInfix "*" entry || lib.hasInfix "?" entry || lib.head (lib.splitString "@" entry) == name
    ) (if list == null then [ ] else list);
  setting = name: sshd.settings.${name} or null;
  groups =
    user:
    [ user.group ]
    ++ user.extraGroups
    ++ lib.attrNames (lib.filterAttrs (_: group: lib.elem user.name group.members) config.users.groups);
  # Rules for a person by name make root as well.
  ruled =
    user:
    any (rule: lib.elem user.name rule.users) (
      config.security.sudo.extraRules
      ++ config.security.sudo-rs.extraRules
      ++ config.security.doas.extraRules
    );
  mayLogIn =
    user:
    hasKey user
    && (user.name == "root" -> sshd.settings.PermitRootLogin != "no")
    && (setting "AllowUsers" != null -> named (setting "AllowUsers") user.name)
    && (setting "AllowGroups" != null -> any (named (setting "AllowGroups")) (groups user))
    && !(lib.elem user.name (lib.toList (setting "DenyUsers")))
    && lib.intersectLists (lib.toList (setting "DenyGroups")) (groups user) == [ ];
  asksPassword = config.security.${cfg.security.sudo.program}.wheelNeedsPassword;
  # Whom phoenix logs in as, and becomes root from.
  login = cfg.host.login;
  works =
    user: mayLogIn user && (user.name == "root" || lib.elem "wheel" (groups user) || ruled user);
  elsewhere =
    (sshd.settings.TrustedUserCAKeys or null) != null
    || sshd.authorizedKeysInHomedir
    || (sshd.authorizedKeysCommand or "none") != "none"
    || lib.subtractLists [ "/etc/ssh/authorized_keys.d/%u" ] sshd.authorizedKeysFiles != [ ]
    || sshd.settings.PasswordAuthentication == true;

  listens =
    if sshd.listenAddresses == [ ] then
      sshd.ports
    else
      lib.concatMap (each: if each.port == null then sshd.ports else [ each.port ]) sshd.listenAddresses;
  # The firewall lets in through one of sshd's ports, from somewhere.
  firewall = config.networking.firewall;
  places = [ firewall ] ++ attrValues firewall.interfaces;
  lets =
    port:
    any (
      place:
      lib.elem port place.allowedTCPPorts
      || any (range: range.from <= port && port <= range.to) place.allowedTCPPortRanges
    ) places;
  reachable =
    !firewall.enable
    || any lets listens
    || lib.trim firewall.extraInputRules != ""
    || config.networking.nftables.ruleset != ""
    || lib.subtractLists [ "lo" ] firewall.trustedInterfaces != [ ];

  # As sshd reads a line of authorized_keys (sshd(8)): options, the kind of key, the key, a comment.
  isKey =
    line:
    builtins.match "(([^ \t\"]|\"([^\"\\\\]|\\\\.)*\")+[ \t]+)?(ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+[ \t]+AAAA[A-Za-z0-9+/]+=*([ \t].*)?" (
      lib.trim line
    ) != null;
  wrongKeys = lib.concatLists (
    mapAttrsToList (
      user: each: map (key: { inherit user key; }) (filter (key: !isKey key) each.sshKeys)
    ) cfg.users
  );

  # Those who become root with a password that lies on the host.
  # What lies below /run is made by the activation that would be refused without it.
  administrators = lib.filterAttrs (
    _: user:
    user.admin && user.hashedPasswordFile != null && !(lib.hasPrefix "/run/" user.hashedPasswordFile)
  ) (lib.optionalAttrs (cfg.machine.kind != "installer") cfg.users);
in
{
  config = {
    assertions = [
      {
        assertion = sshd.enable -> elsewhere || any mayLogIn people;
        message = ''
          ${name}: nobody may log in over SSH, and phoenix cannot either. Write who may into profiles/all.nix:
            phoenix.users.admin = {
              admin = default true;
              hashedPasswordFile = default "/var/lib/passwords/admin"; # on the host, from `mkpasswd`
              sshKeys = [ "ssh-ed25519 AAAA… you@workstation" ]; # the line in ~/.ssh/id_ed25519.pub
            };'';
      }
      {
        assertion =
          sshd.enable && login != null -> elsewhere || any (user: user.name == login && works user) people;
        message = "${name}: phoenix logs in as ${login} (ssh.user in fleet.toml), who with this system has no SSH key, is not let in by sshd, or cannot become root. ${
          if login == "root" then
            "root needs services.openssh.settings.PermitRootLogin = \"prohibit-password\" with the exception `sshd`, and users.users.root.openssh.authorizedKeys.keys; or name another ssh.user."
          else
            "Set phoenix.users.${login} with admin = true, or name another ssh.user."
        }";
      }
      {
        assertion = sshd.enable -> reachable;
        message = "${name}: its SSH server listens on ${
          concatMapStringsSep ", " toString listens
        }, where the firewall lets nobody in. Set phoenix.ports.ssh.port, or services.openssh.enable = false.";
      }
      {
        assertion = wrongKeys == [ ];
        message = concatMapStringsSep "\n" (
          each:
          "${name}: phoenix.users.${each.user}.sshKeys has `${each.key}`, which is no public SSH key. It is a line as in ~/.ssh/id_ed25519.pub."
        ) wrongKeys;
      }
    ]
    ++ mapAttrsToList (user: each: {
      assertion =
        each.admin && cfg.machine.kind != "installer" && asksPassword -> each.hashedPasswordFile != null;
      message = "${name}: ${user} may become root with a password, and has none: neither people nor phoenix get through sudo. Set phoenix.users.${user}.hashedPasswordFile.";
    }) cfg.users;

    phoenix.presence = lib.mapAttrs' (
      user: each:
      lib.nameValuePair "password-${user}" {
        file = each.hashedPasswordFile;
        why = "with this system ${user} could not become root";
        put = "mkpasswd >hash && sudo install -D -m 600 hash ${each.hashedPasswordFile} && rm hash (below /mnt while installing)";
      }
    ) administrators;
  };
}
