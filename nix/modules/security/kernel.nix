# The kernel tells programs little about itself, and takes away what attacks on it are made of.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.kernel;
  machine = config.phoenix.machine;

  settings = {
    # Addresses of the kernel, its log, and its performance counters are root's.
    "kernel.kptr_restrict" = 2;
    "kernel.dmesg_restrict" = 1;
    "kernel.perf_event_paranoid" = 3;
    # Programs cannot read each other, nor give the kernel code to run.
    "kernel.yama.ptrace_scope" = 1;
    "kernel.unprivileged_bpf_disabled" = 1;
    "net.core.bpf_jit_harden" = 2;
    # No keys at the console but to sync, remount and restart.
    "kernel.sysrq" = 176;
    # Files in directories for all belong to who made them.
    "fs.protected_fifos" = 2;
    "fs.protected_regular" = 2;
    "fs.protected_hardlinks" = 1;
    "fs.protected_symlinks" = 1;
    # Nobody else says where packets go.
    "net.ipv4.conf.all.accept_redirects" = 0;
    "net.ipv4.conf.default.accept_redirects" = 0;
    # The kernel takes the weaker of `all` and the interface here.
    "net.ipv4.conf.all.secure_redirects" = 0;
    "net.ipv4.conf.default.secure_redirects" = 0;
    "net.ipv4.conf.all.send_redirects" = 0;
    "net.ipv4.conf.default.send_redirects" = 0;
    "net.ipv4.conf.all.accept_source_route" = 0;
    "net.ipv6.conf.all.accept_redirects" = 0;
    "net.ipv6.conf.default.accept_redirects" = 0;
    "net.ipv6.conf.all.accept_source_route" = 0;
    "net.ipv4.tcp_syncookies" = 1;
    "net.ipv4.tcp_rfc1337" = 1;
    "net.ipv4.icmp_echo_ignore_broadcasts" = 1;
  };
  # Values above these are stricter, not weaker.
  upwards = [
    "kernel.kptr_restrict"
    "kernel.perf_event_paranoid"
    "kernel.yama.ptrace_scope"
  ];
  # What routers and debuggers may have to change says so itself.
  holds =
    name: value:
    if name == "kernel.sysrq" then
      expect.so [ "boot" "kernel" "sysctl" name ] "at most 176, and not 1" (
        found: found != null && found <= 176 && found != 1
      )
    else
      (if lib.elem name upwards then expect.atLeast else expect.is) [
        "boot"
        "kernel"
        "sysctl"
        name
      ] value;

  parameters = [
    # Memory is empty when it is handed out, and when it is given back.
    "init_on_alloc=1"
    "init_on_free=1"
    "slab_nomerge"
    "page_alloc.shuffle=1"
    "randomize_kstack_offset=on"
    "vsyscall=none"
    # The kernel's debugging files are not there.
    "debugfs=off"
  ];
in
{
  config = {
    boot = lib.mkIf (cfg.enable && machine.ownKernel) {
      kernel.sysctl = lib.mapAttrs (_: default) settings;
      kernelParams = parameters;
    };
    # Another kernel cannot be started from the running one: nixos-anywhere's kexec works before this system runs, not on it.
    security.protectKernelImage = lib.mkIf (
      cfg.enable && machine.ownKernel && machine.kind != "installer"
    ) (default true);

    phoenix.security.controls.kernel = {
      title = "Kernel";
      applies = machine.ownKernel;
      why = "the kernel is not the system's own";
      expect =
        lib.mapAttrsToList holds settings
        ++ [
          (expect.has "boot.kernelParams" parameters)
          (expect.lacks "boot.kernelParams" [
            "mitigations=off"
            "spectre_v2=off"
            "spec_store_bypass_disable=off"
            "pti=off"
            "nopti"
            "nokaslr"
            "slab_merge"
            "init_on_alloc=0"
            "init_on_free=0"
            "debugfs=on"
            "apparmor=0"
            "audit=0"
          ])
        ]
        ++ lib.optional (machine.kind != "installer") (expect.is "security.protectKernelImage" true);
    };
  };
}
