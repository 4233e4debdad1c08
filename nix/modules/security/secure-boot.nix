# What starts the machine is what was put there: nobody at the keyboard edits the kernel's command line, and where Secure
# Boot is demanded, nothing unsigned starts.
{
  config,
  lib,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.secure-boot;
  boot = config.phoenix.hardware.boot.mode;
  applies = lib.elem boot [
    "uefi"
    "uefi-secure"
  ];
in
{
  # Not demanded by default, of laptops neither: its keys are made and enrolled on the machine, after the first start. A
  # fleet that demanded it before would not start at all.
  options.phoenix.security.secure-boot.require = lib.mkOption {
    type = lib.types.bool;
    default = false;
    description = ''
      Whether the host must start with Secure Boot. Turn it on, with `phoenix.hardware.boot.mode = "uefi-secure"`, once its
      keys are enrolled (`sbctl create-keys`, `sbctl enroll-keys --microsoft`).
    '';
  };

  config.phoenix.security.controls.secure-boot = {
    title = "Secure Boot";
    inherit applies;
    why = "it does not start by UEFI";
    expect = [
      (expect.is "boot.loader.systemd-boot.editor" false)
    ]
    ++ lib.optional cfg.require (expect.is "phoenix.hardware.boot.mode" "uefi-secure");
  };
}
