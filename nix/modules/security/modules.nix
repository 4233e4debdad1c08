# Kernel modules that nearly nobody needs and that had more than their share of holes are not loaded on demand.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.phoenix.security.modules;
  machine = config.phoenix.machine;
  rare = [
    # Protocols.
    "ax25"
    "dccp"
    "n-hdlc"
    "netrom"
    "rds"
    "rose"
    "sctp"
    "tipc"
    # File systems.
    "adfs"
    "affs"
    "befs"
    "cramfs"
    "freevxfs"
    "hfs"
    "hfsplus"
    "jffs2"
    "jfs"
    "minix"
    "nilfs2"
    "omfs"
    "qnx4"
    "qnx6"
    "sysv"
    # Direct access to memory over FireWire.
    "firewire-core"
    "firewire-ohci"
    "firewire-sbp2"
  ];
  refused = lib.subtractLists cfg.allowed rare;
in
{
  options.phoenix.security.modules = {
    allowed = mkOption {
      type = types.listOf (types.enum rare);
      default = [ ];
      description = "Modules of the list that the host needs after all; each needs the exception `modules`.";
    };
    lock = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether no module can be loaded once the system is up. USB devices that were not there at boot then find no driver,
        and a switch to a system with new modules needs a reboot.
      '';
    };
  };

  config = {
    boot.blacklistedKernelModules = lib.mkIf (cfg.enable && machine.ownKernel) (refused);
    # A blacklist keeps modules from being found by what they serve; this keeps them from being asked for by name.
    boot.extraModprobeConfig = lib.mkIf (cfg.enable && machine.ownKernel) (
      lib.concatMapStrings (name: "install ${name} /run/current-system/sw/bin/false\n") refused
    );
    security.lockKernelModules = lib.mkIf cfg.lock (default true);

    assertions =
      map
        (each: {
          assertion = false;
          message = "${config.phoenix.host.name}: fileSystems.\"${each.mountPoint}\" is ${each.fsType}, which this system does not load. Add it to phoenix.security.modules.allowed, with the exception `modules`.";
        })
        (
          lib.filter (each: lib.elem each.fsType refused) (
            lib.optionals (cfg.enable && machine.ownKernel) (lib.attrValues config.fileSystems)
          )
        );

    phoenix.security.controls.modules = {
      title = "Rare kernel modules";
      applies = machine.ownKernel;
      why = "the kernel is not the system's own";
      expect = [
        (expect.has "boot.blacklistedKernelModules" rare)
        (expect.lacks "boot.kernelModules" rare)
        (expect.lacks "boot.initrd.kernelModules" rare)
      ];
    };
  };
}
