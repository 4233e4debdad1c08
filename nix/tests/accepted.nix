# What must not be refused: ordinary configurations, each as a module that is added to a host of the fleet. No assertion
# of the host may fail.
fleet:
let
  inherit (fleet) nixosConfigurations;
  inherit ((builtins.head (builtins.attrValues nixosConfigurations)).pkgs) lib;
  key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH4VNds3tvyxkSz+Jbaps8JRbwDQsiMGdPYzIsOzOo3e";
  because = {
    reason = "test";
    expires = "2030-01-01";
  };
  site = extra: { services.nginx.virtualHosts."a.example.org" = extra; };

  cases = {
    gate = {
      containers-of-docker.virtualisation.docker.enable = true;
      containers-of-podman.virtualisation.podman.enable = true;
      containers-of-systemd.containers.a = {
        privateNetwork = true;
        hostAddress = "10.1.0.1";
        localAddress = "10.1.0.2";
        config.system.stateVersion = "24.11";
      };
      guests-that-are-trusted = {
        virtualisation.libvirtd.enable = true;
        networking.firewall.trustedInterfaces = [ "virbr0" ];
      };
      address-translation.networking.nat = {
        enable = true;
        internalInterfaces = [ "ve-+" ];
        externalInterface = "eth0";
      };
      tunnel = {
        networking.wireguard.interfaces.wg0 = {
          ips = [ "10.0.0.1/24" ];
          listenPort = 51820;
          privateKeyFile = "/x";
        };
        phoenix.ports.wg = {
          port = 51820;
          protocols = [ "udp" ];
          why = "test";
        };
      };
      sftp-only.services.openssh.extraConfig = ''
        # PermitRootLogin yes would be wrong.
        Match User sftp
          ForceCommand internal-sftp
          X11Forwarding no
      '';
      ssh-elsewhere = {
        services.openssh.ports = [ 2222 ];
        phoenix.ports.ssh.port = 2222;
      };
      ssh-at-one-address = {
        services.openssh.listenAddresses = [
          {
            addr = "10.0.0.1";
            port = 2200;
          }
        ];
        phoenix.ports.ssh.port = 2200;
      };
      ssh-from-one-network = {
        phoenix.ports.ssh = lib.mkForce {
          port = 2223;
          why = "test";
        };
        networking.firewall.extraInputRules = "ip saddr 10.0.0.0/8 tcp dport 22 accept";
        phoenix.security.exceptions.firewall = because;
      };
      keys-of-all-kinds.phoenix.users.admin.sshKeys = [
        "${key}\n"
        "command=\"borg serve --restrict-to-path /srv\",restrict ${key} backup"
        "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIDqTxE4xC5WCkR1CgsbcYwO8sr5ohBxDlLrs1c7ehl+RAAAABHNzaDo= token"
      ];
      groups-that-may-log-in = {
        services.openssh.settings.AllowGroups = [ "ssh" ];
        users.groups.ssh.members = [ "admin" ];
      };
      sudo-in-rust.phoenix.security.sudo.program = "sudo-rs";
      doas.phoenix.security.sudo.program = "doas";
      passwords-from-secrets.phoenix.users.admin.hashedPasswordFile = "/run/secrets/admin";
      key-in-the-open-root.boot.initrd.luks.devices.data = {
        device = "/dev/disk/by-id/x";
        keyFile = "/sysroot/etc/keys/data";
      };
      rules-with-conditions.security.polkit.extraConfig = ''
        polkit.addRule(function(action, subject) {
          if (action.id == "x" && subject.isInGroup("wheel")) {
            return polkit.Result.YES;
          }
        });
      '';
      settings-of-nix-as-text.nix.extraOptions = ''
        # the sandbox is on
        extra-sandbox-paths = /dev/kvm
      '';
      allowed-users-as-text.nix.settings.extra-allowed-users = "bob";
      one-more-jail.services.fail2ban.jails.nginx = "enabled = true";
    };
    web1 = {
      sites = site {
        forceSSL = true;
        enableACME = true;
      };
      sites-of-the-host-itself = site {
        listen = [
          {
            addr = "127.0.0.1";
            port = 8080;
          }
        ];
      };
      no-site-of-that-name = site {
        default = true;
        rejectSSL = true;
        locations."/".return = "444";
      };
      status.services.nginx.statusPage = true;
    };
    db1 = {
      addresses.services.postgresql.authentication = lib.mkAfter ''
        host trustdb app 10.0.0.1/32 scram-sha-256 # no trust here
      '';
      own-listener = {
        services.postgresql.enableTCPIP = lib.mkForce false;
        services.postgresql.settings.listen_addresses = lib.mkForce "localhost,::1";
      };
    };
    atlas = {
      gdm.services.xserver = {
        enable = true;
        displayManager.gdm.enable = true;
      };
      printing.services.printing.enable = true;
      android.virtualisation.waydroid.enable = true;
    };
  };

  refused =
    name: case: module:
    let
      system = nixosConfigurations.${name}.extendModules { modules = [ module ]; };
      failed = lib.filter (each: !each.assertion) system.config.assertions;
    in
    map (each: "${name}, ${case}: ${each.message}") failed;
  all = lib.concatLists (
    lib.concatLists (lib.mapAttrsToList (name: lib.mapAttrsToList (refused name)) cases)
  );
in
if all == [ ] then
  "ok: ${
    toString (lib.foldl' (sum: each: sum + lib.length (lib.attrNames each)) 0 (lib.attrValues cases))
  } ordinary configurations"
else
  throw (lib.concatStringsSep "\n" all)
