# The kernel records who became root, changed accounts, loaded modules or set the clock.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.audit;
  machine = config.phoenix.machine;
  applies = machine.ownKernel && machine.kind != "installer";
in
{
  config = {
    security = lib.mkIf (cfg.enable && applies) {
      auditd.enable = default true;
      audit = {
        enable = default true;
        # Events above the rate are dropped: an audited system that stops for its log can be stopped by anybody.
        failureMode = default "printk";
        rateLimit = default 1000;
        backlogLimit = default 8192;
        rules = [
          "-w /etc/passwd -p wa -k identity"
          "-w /etc/shadow -p wa -k identity"
          "-w /etc/group -p wa -k identity"
          "-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000 -F auid!=unset -k root"
          "-a always,exit -F arch=b64 -S init_module,finit_module,delete_module -k modules"
          "-a always,exit -F arch=b64 -S adjtimex,settimeofday,clock_settime -F auid!=unset -k time"
          "-a always,exit -F arch=b64 -S mount,umount2 -F auid>=1000 -F auid!=unset -k mounts"
        ];
      };
    };

    phoenix.security.controls.audit = {
      title = "Audit";
      inherit applies;
      why =
        if machine.ownKernel then
          "the medium keeps nothing"
        else
          "the kernel, and its audit, are not the system's own";
      expect = [
        (expect.is "security.auditd.enable" true)
        (expect.so "security.audit.enable" "true or \"lock\"" (found: found == true || found == "lock"))
        (expect.so "security.audit.rules" "with the rules for identity, root and modules" (
          rules:
          lib.all (key: lib.any (lib.hasSuffix "-k ${key}") rules) [
            "identity"
            "root"
            "modules"
          ]
        ))
      ];
    };
  };
}
