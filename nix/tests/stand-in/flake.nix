# A stand-in for nixpkgs, put together by nix/tests/systems: NixOS's modules and nixpkgs's library are real, every package
# is a placeholder. Enough to evaluate systems, never to build one.
{
  outputs =
    _:
    let
      lib = import ./lib;
      names = builtins.fromJSON (builtins.readFile ./names.json);
      packages = system: import ./pkgs.nix { inherit lib names system; };
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] packages;

      # A module tree older than 25.11 reads no hardware reports; nixos-facter-modules are what it later took over.
      reports =
        { config, lib, ... }:
        {
          imports = [ ./facter/modules/nixos/facter.nix ];
          options.hardware.facter.reportPath = lib.mkOption {
            type = lib.types.nullOr lib.types.path;
            default = null;
          };
          config.facter.reportPath = config.hardware.facter.reportPath;
        };

      # NixOS 25.05 brought them.
      checksBeforeTheSwitch =
        { lib, ... }:
        {
          options.system.preSwitchChecks = lib.mkOption {
            type = lib.types.attrsOf lib.types.str;
            default = { };
          };
        };

      packagesOfHost =
        { config, lib, ... }:
        {
          _module.args.pkgs = lib.mkForce legacyPackages.${config.nixpkgs.hostPlatform.system};
        };

      nixosSystem =
        args:
        import ./nixos/lib/eval-config.nix (
          args
          // {
            inherit lib;
            system = null;
            modules =
              args.modules
              ++ [ packagesOfHost ]
              ++ lib.optional (
                !builtins.pathExists ./nixos/modules/hardware/facter && builtins.pathExists ./facter
              ) reports
              ++ lib.optional (
                !builtins.pathExists ./nixos/modules/system/activation/pre-switch-check.nix
              ) checksBeforeTheSwitch;
          }
        );
    in
    {
      inherit legacyPackages;
      lib = lib.extend (_: _: { inherit nixosSystem; });
    };
}
