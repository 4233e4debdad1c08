{
  description = "Builds for the fleet and serves its store as a binary cache";
  inherits = [ "server" ];

  module =
    { default, options, ... }:
    {
      config = {
        phoenix.cache.enable = default true;
        phoenix.ports.cache = default {
          port = 5000;
          why = "hosts of the fleet fetch from the binary cache";
        };

        nix.settings = {
          max-jobs = default "auto";
          # What was built once is built again only when nobody keeps it: its inputs stay too.
          keep-outputs = default true;
          keep-derivations = default true;
        };

        # The name of these settings changed with NixOS 26.05.
        services.harmonia =
          let
            served = {
              enable = default true;
            };
            key = "/run/secrets/cache-signing-key";
          in
          if options.services.harmonia ? cache then
            {
              cache = served // {
                signKeyPaths = default [ key ];
              };
            }
          else if options.services.harmonia ? signKeyPaths then
            served // { signKeyPaths = default [ key ]; }
          else
            served // { signKeyPath = default key; };
      };
    };
}
