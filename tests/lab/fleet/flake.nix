{
  description = "The lab's fleet: hosts shaped like NixOS, built from nothing but a busybox";

  outputs =
    _:
    let
      busybox =
        if builtins.pathExists ./bin/busybox then
          builtins.path {
            path = ./bin;
            name = "busybox-static";
            filter = path: _: baseNameOf path == "busybox";
          }
        else
          throw "bin/busybox is missing: run tests/lab/lab fleet DIR";
    in
    {
      nixosConfigurations = import ./nix/fleet.nix {
        build = import ./nix/build.nix { inherit busybox; };
        fleet = builtins.fromTOML (builtins.readFile ./fleet.toml);
        release = builtins.fromTOML (builtins.readFile ./release.toml);
      };
    };
}
