{
  description = "The lab's fleet, with so many tiny paths more in each system as release.toml orders";

  outputs =
    _:
    let
      busybox = builtins.path {
        path = ./bin;
        name = "busybox-static";
        filter = path: _: baseNameOf path == "busybox";
      };
      lab = import ./nix/build.nix { inherit busybox; };
      release = builtins.fromTOML (builtins.readFile ./release.toml);
      tiny = import ./nix/tiny.nix {
        build = lab;
        hundreds = release.default.tiny_hundreds or 0;
      };
      # Other people's packages, as they are: in the store already, so they are never built.
      upstream = map (
        { name, hash }:
        derivation {
          inherit name;
          system = "x86_64-linux";
          builder = "/not/built/here";
          outputHashMode = "recursive";
          outputHashAlgo = "sha256";
          outputHash = hash;
        }
      ) (release.default.upstream or [ ]);
      isToplevel = attributes: attributes ? bootloader;
    in
    {
      nixosConfigurations = import ./nix/fleet.nix {
        inherit release;
        fleet = builtins.fromTOML (builtins.readFile ./fleet.toml);
        build = lab // {
          derive =
            attributes:
            lab.derive (
              if isToplevel attributes then
                attributes // { extra = attributes.extra ++ tiny ++ upstream; }
              else
                attributes
            );
        };
      };
    };
}
