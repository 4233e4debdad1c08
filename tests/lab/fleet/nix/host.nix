# One host: its settings, and the toplevel that its release orders.
{
  build,
  name,
  profile,
  release,
  packages,
}:
let
  profiles = import ./profiles.nix;
  variants = import ./variants.nix { inherit build name release; };
  known = table: builtins.concatStringsSep ", " (builtins.attrNames table);

  settings =
    profiles.${profile}
      or (throw "host ${name}: no fleet profile '${profile}'; there are ${known profiles}");
  fault =
    variants.${release.variant}
      or (throw "host ${name}: no variant '${release.variant}'; there are ${known variants}");

  toplevel = import ./toplevel.nix {
    inherit
      build
      name
      release
      fault
      ;
    packages = packages.ofProfile profile;
    units = import ./services.nix {
      inherit
        build
        name
        profile
        settings
        release
        fault
        ;
    };
    kernel = import ./kernel.nix {
      inherit build;
      version = release.kernel;
    };
  };
in
{
  config = {
    networking.hostName = name;
    nixpkgs.hostPlatform.system = "x86_64-linux";
    system.build.toplevel = (fault.toplevel or (same: same)) toplevel;
  };
}
