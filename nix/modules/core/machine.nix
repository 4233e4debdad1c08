# What kind of machine it is. What a kind does not have, no module asks for: a container has no kernel of its own to
# harden, WSL no disk to encrypt.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.phoenix.machine;
  host = config.phoenix.host.name;
  report =
    if config.phoenix.hardware.facter == null then
      null
    else
      (lib.importJSON config.phoenix.hardware.facter).virtualisation or null;
  fact =
    value: description:
    mkOption {
      type = types.bool;
      default = value;
      defaultText = lib.literalMD "by `phoenix.machine.kind`";
      readOnly = true;
      inherit description;
    };
in
{
  options.phoenix.machine = {
    kind = mkOption {
      type = types.enum [
        "metal"
        "vm"
        "container"
        "wsl"
        "installer"
      ];
      default = "metal";
      description = ''
        What the system runs on: `metal`, a computer; `vm`, a virtual machine with a disk of its own; `container`, LXC or
        nspawn; `wsl`, the Windows Subsystem for Linux; `installer`, a medium that is started from and keeps nothing.
      '';
    };
    graphical = mkOption {
      type = types.bool;
      default = false;
      description = "Whether somebody sits in front of it. Fleet profiles set this.";
    };
    portable = mkOption {
      type = types.bool;
      default = false;
      description = "Whether it is carried around: it joins networks nobody vouches for and can be lost.";
    };
    ownKernel = fact (
      cfg.kind != "container" && cfg.kind != "wsl"
    ) "Whether the system starts a kernel of its own.";
    ownDisk = fact (
      cfg.kind == "metal" || cfg.kind == "vm"
    ) "Whether the system lives on a disk that phoenix lays out.";
    physical = fact (
      cfg.kind == "metal" || cfg.kind == "installer"
    ) "Whether people can plug things into it.";
  };

  # Less is demanded of machines without a body. What shows that it has one is told; who writes the kind knows best.
  config.warnings =
    lib.optional (cfg.portable && !cfg.physical)
      "${host}: phoenix.machine.kind is \"${cfg.kind}\", of which less is demanded, and yet it is carried around (phoenix.machine.portable)."
    ++
      lib.optional (report == "none" && !cfg.physical)
        "${host}: phoenix.machine.kind is \"${cfg.kind}\", of which less is demanded, but its facter.json says that it is no virtual machine.";
}
