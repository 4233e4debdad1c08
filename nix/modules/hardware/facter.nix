# The hardware report of nixos-facter: kernel modules, firmware and drivers come from it.
{
  config,
  options,
  lib,
  ...
}:
let
  cfg = config.phoenix.hardware.facter;
in
{
  options.phoenix.hardware.facter = lib.mkOption {
    type = lib.types.nullOr lib.types.path;
    default = null;
    description = "The host's hardware report. hosts/<name>/facter.json is taken where it exists; `nixos-facter` writes it on the host.";
  };

  config = lib.mkIf (cfg != null) (
    lib.optionalAttrs (options.hardware ? facter) { hardware.facter.reportPath = cfg; }
    // lib.optionalAttrs (!(options.hardware ? facter)) {
      assertions = [
        {
          assertion = false;
          message = "${config.phoenix.host.name} has a facter.json, which this NixOS cannot read: it needs NixOS 25.11 or newer.";
        }
      ];
    }
  );
}
