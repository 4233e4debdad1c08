# The displays that are plugged in: their mode from the first picture on, and their places in a Sway session.
{ config, lib, ... }:
let
  inherit (lib) mkOption types mapAttrsToList;
  cfg = config.phoenix.hardware.displays;
  display = types.submodule {
    options = {
      mode = mkOption {
        type = types.strMatching "[0-9]+x[0-9]+(@[0-9]+)?";
        example = "2560x1440@144";
        description = "Width, height and refresh rate in Hz.";
      };
      scale = mkOption {
        type = types.numbers.positive;
        default = 1;
        description = "How much larger everything is drawn.";
      };
      position = mkOption {
        type = types.nullOr (types.strMatching "[0-9]+,[0-9]+");
        default = null;
        example = "2560,0";
        description = "Where its upper left corner lies, in pixels.";
      };
    };
  };
  output =
    name: each:
    "output ${name} mode ${each.mode}${lib.optionalString (lib.hasInfix "@" each.mode) "Hz"} scale ${toString each.scale}"
    +
      lib.optionalString (each.position != null)
        " position ${lib.replaceStrings [ "," ] [ " " ] each.position}";
in
{
  options.phoenix.hardware.displays = mkOption {
    type = types.attrsOf display;
    default = { };
    example = lib.literalExpression ''{ DP-1.mode = "2560x1440@144"; }'';
    description = "Displays by the name of their connector, as in /sys/class/drm.";
  };

  config = lib.mkIf (cfg != { }) {
    boot.kernelParams = mapAttrsToList (name: each: "video=${name}:${each.mode}") cfg;
    environment.etc."sway/config.d/displays.conf".text =
      lib.concatStringsSep "\n" (mapAttrsToList output cfg) + "\n";
  };
}
