# Graphics.
{
  config,
  lib,
  default,
  pkgs,
  ...
}:
let
  inherit (lib)
    mkIf
    mkMerge
    mkOption
    types
    elem
    ;
  cfg = config.phoenix.hardware.gpu;
in
{
  options.phoenix.hardware.gpu = {
    kinds = mkOption {
      type = types.listOf (
        types.enum [
          "intel"
          "amd"
          "nvidia"
        ]
      );
      default = [ ];
      description = "The graphics processors of the machine.";
    };
    compute = mkOption {
      type = types.bool;
      default = false;
      description = "Whether programs calculate on them: ROCm or CUDA.";
    };
  };

  config = mkMerge [
    (mkIf (cfg.kinds != [ ]) { hardware.graphics.enable = default true; })
    (mkIf (elem "intel" cfg.kinds) { hardware.graphics.extraPackages = [ pkgs.intel-media-driver ]; })
    (mkIf (elem "amd" cfg.kinds) {
      hardware.amdgpu.initrd.enable = default true;
      hardware.amdgpu.opencl.enable = default cfg.compute;
    })
    (mkIf (elem "nvidia" cfg.kinds) {
      services.xserver.videoDrivers = [ "nvidia" ];
      hardware.nvidia = {
        open = default true;
        modesetting.enable = default true;
        powerManagement.enable = default true;
      };
      hardware.nvidia-container-toolkit.enable = default cfg.compute;
      # The one driver that is not free, and what comes with it.
      nixpkgs.config.allowUnfreePredicate =
        package:
        lib.any (prefix: lib.hasPrefix prefix (lib.getName package)) [
          "nvidia-"
          "cuda"
          "libcu"
          "libnv"
        ];
    })
  ];
}
