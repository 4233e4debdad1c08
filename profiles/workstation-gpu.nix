{
  description = "A desktop that calculates on its graphics processors, and builds and runs containers";
  inherits = [ "desktop" ];

  module =
    {
      config,
      default,
      pkgs,
      ...
    }:
    {
      phoenix.hardware.gpu.compute = default true;
      virtualisation.podman.enable = default true;
      environment.systemPackages = map (
        kind: pkgs.nvtopPackages.${kind}
      ) config.phoenix.hardware.gpu.kinds;
      # Calculations that take all memory end alone.
      systemd.oomd.enableUserSlices = default true;
    };
}
