# What must be refused: each case adds a module to a host of the fleet, and names what the error must say. Then every
# control in turn: each switch that it expects is turned the other way, which must be told as weakened.
fleet:
let
  inherit (fleet) nixosConfigurations;
  inherit ((builtins.head (builtins.attrValues nixosConfigurations)).pkgs) lib;
  host =
    name: module:
    nixosConfigurations.${name}.extendModules {
      modules = [ (module // { _file = "hosts/${name}/default.nix"; }) ];
    };

  # The messages of all assertions that fail.
  told =
    system:
    lib.concatMapStringsSep "\n" (each: each.message) (
      lib.filter (each: !each.assertion) system.config.assertions
    );

  case = on: module: says: {
    text = told (host on module);
    inherit says;
  };

  disk = options: {
    fileSystems."/data" = options;
  };

  cases = {
    "a weakened control" = case "gate" { services.openssh.settings.PasswordAuthentication = true; } [
      "gate weakens the control `sshd`"
      "services.openssh.settings.PasswordAuthentication is true, must be false"
      "set in "
      "phoenix.security.exceptions.sshd = {"
    ];
    "a control turned off" = case "gate" { phoenix.security.firewall.enable = false; } [
      "gate weakens the control `firewall`"
      "phoenix.security.firewall.enable is false"
    ];
    "an exception for something else" = case "gate" {
      services.openssh.settings.X11Forwarding = true;
      phoenix.security.exceptions.sshd = {
        reason = "test";
        expires = "2030-01-01";
        options = [ "services.openssh.settings.PasswordAuthentication" ];
      };
    } [ "services.openssh.settings.X11Forwarding is true" ];
    "a Match block that takes it back" = case "gate" {
      services.openssh.extraConfig = "Match User x\n  PasswordAuthentication yes\n";
    } [ "services.openssh.extraConfig is" ];
    "rules that nobody can read" = case "gate" {
      networking.firewall.extraInputRules = "tcp dport 8080 accept";
    } [ "networking.firewall.extraInputRules is" ];
    "an interface that everybody is let in by" = case "gate" {
      networking.firewall.trustedInterfaces = [ "enp1s0" ];
    } [ "weakens the control `firewall`" ];
    "sudo that asks nothing" = case "gate" { security.sudo.extraConfig = "Defaults !authenticate"; } [
      "weakens the control `sudo`"
    ];
    "trusted users in other words" =
      case "gate" { nix.extraOptions = "extra-trusted-users = @wheel"; }
        [
          "weakens the control `nix-daemon`"
        ];
    "an exception until no day" = {
      text =
        if
          (builtins.tryEval (
            told (
              host "gate" {
                phoenix.security.exceptions.tmp = {
                  reason = "test";
                  expires = "2030-13-01";
                };
              }
            )
          )).success
        then
          "taken"
        else
          "refused";
      says = [ "refused" ];
    };
    "sudo without a password" = case "gate" { security.sudo.wheelNeedsPassword = false; } [
      "weakens the control `sudo`"
    ];

    "nobody who may log in" = case "gate" { phoenix.users.admin.sshKeys = lib.mkForce [ ]; } [
      "gate: nobody may log in over SSH"
      "profiles/all.nix"
    ];
    "a login that is kept out" = case "gate" { services.openssh.settings.AllowUsers = [ "bob" ]; } [
      "nobody may log in over SSH"
      "phoenix logs in as admin (ssh.user in fleet.toml)"
    ];
    "a login that cannot become root" = case "gate" { phoenix.users.admin.admin = false; } [
      "cannot become root"
    ];
    "a control that is declared away" = case "gate" {
      phoenix.security.controls.sshd.applies = lib.mkForce false;
    } [ "gate: hosts/gate/default.nix changes what the control `sshd` demands" ];
    "a laptop that is called a virtual machine" = {
      text =
        lib.concatStringsSep "\n"
          (host "wren" { phoenix.machine.kind = lib.mkForce "vm"; }).config.warnings;
      says = [ "and yet it is carried around" ];
    };
    "a root that cannot be mounted" = case "shed" { fileSystems."/".fsType = lib.mkForce "jfs"; } [
      "is jfs, which this system does not load"
    ];
    "a swap file on two disks" = case "db1" { phoenix.hardware.disk.swap = "8G"; } [
      "without a mirror"
    ];
    "a key on the boot partition" = case "gate" { boot.initrd.luks.devices.system.keyFile = "/key"; } [
      "weakens the control `luks`"
    ];
    "a shell for everybody" = case "gate" { boot.initrd.systemd.emergencyAccess = true; } [
      "weakens the control `login`"
    ];
    "keys in homes" = case "gate" {
      services.openssh.authorizedKeysFiles = lib.mkForce [ "%h/.ssh/authorized_keys" ];
    } [ "services.openssh.authorizedKeysFiles is" ];
    "a parameter that takes another back" = case "gate" { boot.kernelParams = [ "init_on_alloc=0" ]; } [
      "weakens the control `kernel`"
    ];
    "a hash in the store" = case "gate" {
      phoenix.users.admin.hashedPasswordFile = "${builtins.storeDir}/x";
    } [ "weakens the control `users`" ];
    "rules for USB that let in everything" = case "gate" {
      services.usbguard.rules = "reject id 1:2\nallow\n";
    } [ "weakens the control `usbguard`" ];
    "an SSH server behind its firewall" = case "gate" { services.openssh.ports = [ 2222 ]; } [
      "its SSH server listens on 2222, where the firewall lets nobody in"
    ];
    "a key that is none" = case "gate" { phoenix.users.admin.sshKeys = [ "~/.ssh/id_ed25519.pub" ]; } [
      "phoenix.users.admin.sshKeys has `~/.ssh/id_ed25519.pub`, which is no public SSH key"
    ];
    "an administrator without a password" =
      case "gate" { phoenix.users.admin.hashedPasswordFile = lib.mkForce null; }
        [
          "admin may become root with a password, and has none"
        ];
    # Refused on the host, before anything is changed there.
    "a password that is not on the host" = {
      text = (host "gate" { }).config.system.preSwitchChecks.phoenix-password-admin;
      says = [
        "if [ ! -s /var/lib/passwords/admin ]"
        "exit 1"
      ];
    };

    "a port that nobody named" = case "gate" { networking.firewall.allowedTCPPorts = [ 8080 ]; } [
      "8080 is open"
      "(hosts/gate/default.nix)"
      "phoenix.ports.NAME = { port = 8080"
    ];
    "ports of a module that opens them" =
      case "gate"
        {
          services.avahi = {
            enable = true;
            openFirewall = true;
          };
        }
        [
          "5353 is open"
          "phoenix.ports.NAME = { port = 5353; protocols = [ \"udp\" ]; why = \"…\"; };"
        ];
    "a range on one interface" =
      case "gate"
        {
          networking.firewall.interfaces.eth1.allowedUDPPortRanges = [
            {
              from = 5000;
              to = 5010;
            }
          ];
        }
        [
          "5000-5010 is open on eth1"
          "{ range = { from = 5000; to = 5010; }; protocols = [ \"udp\" ]; interfaces = [ \"eth1\" ]; why"
        ];

    "a mount of a container engine" = case "gate" {
      fileSystems."/var/lib/docker/overlay2/abc/merged" = {
        device = "overlay";
        fsType = "overlay";
      };
    } [ "belongs to a container engine" ];
    "a disk by an unstable name" = case "gate" (disk {
      device = "/dev/sdb1";
      fsType = "ext4";
    }) [ "may be another disk at the next boot" ];
    "a network mount that the boot waits for" = case "gate" (disk {
      device = "nas:/data";
      fsType = "nfs";
    }) [ "stops the boot when the network is not there" ];
    "a second boot loader" = case "gate" { boot.loader.systemd-boot.enable = lib.mkForce true; } [
      "must have one boot loader"
    ];

    "another host's hardware" = {
      text = told (
        nixosConfigurations.gate.extendModules {
          modules = [
            {
              _file = "${toString ../..}/hosts/web1/hardware.nix";
              boot.initrd.availableKernelModules = [ "virtio_blk" ];
            }
          ];
        }
      );
      says = [ "gate takes boot.initrd.availableKernelModules from hosts/web1/hardware.nix" ];
    };

    "garbage collection on a cache" = case "cache1" { nix.gc.automatic = true; } [
      "would empty the cache"
    ];
    "builds that collect garbage on a cache" = case "cache1" { nix.settings.min-free = 1000; } [
      "nix.settings.min-free"
    ];
    "a home without a user" =
      case "nomad" { phoenix.homes.nobody = ../../hosts/nomad/home/admin.nix; }
        [
          "is the home of a user that the host does not have"
        ];
  };

  wrong = lib.concatLists (
    lib.mapAttrsToList (
      name: each:
      map (word: "${name}: the error does not say `${word}`, but: ${each.text}") (
        lib.filter (word: !lib.hasInfix word each.text) each.says
      )
    ) cases
  );

  # Every switch that a control expects, where the control applies: [ { host, control, option } ].
  switches =
    name:
    let
      system = nixosConfigurations.${name};
      of =
        control: each:
        lib.concatMap (
          expectation:
          lib.optional (expectation.expected == "true" || expectation.expected == "false") {
            host = name;
            inherit control;
            inherit (expectation) option;
            to = expectation.expected == "false";
          }
        ) each.expect;
    in
    lib.concatLists (
      lib.mapAttrsToList of (
        lib.filterAttrs (
          name: each: each.applies && system.config.phoenix.security.exceptions.${name} == null
        ) system.config.phoenix.security.controls
      )
    );

  turned =
    each:
    let
      system = host each.host { config = lib.setAttrByPath each.option (lib.mkOverride 10 each.to); };
      state = (lib.findFirst (it: it.control == each.control) { } system.config.phoenix.posture).state;
      # Some switches ask for more settings: what does not evaluate is refused as well.
      told = builtins.tryEval state;
    in
    lib.optional (told.success && told.value != "weakened")
      "${each.host}: ${lib.showOption each.option} = ${lib.boolToString each.to} leaves `${each.control}` ${told.value}";

  # Each once, on the first host that has it.
  all = lib.attrValues (
    lib.foldl' (seen: each: { "${each.control} ${lib.showOption each.option}" = each; } // seen) { } (
      lib.concatMap switches (lib.attrNames nixosConfigurations)
    )
  );
  unseen = lib.concatMap turned all;
in
if wrong == [ ] && unseen == [ ] then
  "ok: ${toString (lib.length (lib.attrNames cases))} refusals, ${toString (lib.length all)} switches"
else
  throw (lib.concatStringsSep "\n" (wrong ++ unseen))
