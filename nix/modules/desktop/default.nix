# What somebody who sits in front of the machine needs.
{
  config,
  options,
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
    optionalAttrs
    types
    ;
  cfg = config.phoenix.desktop;
  is = environment: cfg.environment == environment;
  wayland = is "sway" || is "hyprland";
in
{
  options.phoenix.desktop = {
    environment = mkOption {
      type = types.enum [
        "none"
        "plasma"
        "gnome"
        "sway"
        "hyprland"
      ];
      default = if config.phoenix.machine.graphical then "plasma" else "none";
      defaultText = lib.literalMD "`\"plasma\"` where `phoenix.machine.graphical` is on";
      description = "The desktop environment or compositor.";
    };
    keyboard = mkOption {
      type = types.str;
      default = "us";
      example = "de";
      description = "Keyboard layout, of the console as well.";
    };
    printing = mkOption {
      type = types.bool;
      default = true;
      description = "Whether it prints. Printers are found by IPP; no port is opened for that.";
    };
  };

  config = mkIf (cfg.environment != "none") (mkMerge [
    {
      console.useXkbConfig = default true;
      services.xserver.xkb.layout = default cfg.keyboard;

      services.pipewire = {
        enable = default true;
        alsa.enable = default true;
        pulse.enable = default true;
      };
      security.rtkit.enable = default true;

      networking.networkmanager.enable = default true;
      hardware.graphics.enable = default true;
      services.fwupd.enable = default config.phoenix.machine.physical;
      services.printing.enable = default cfg.printing;
      services.avahi.openFirewall = default false;

      fonts = {
        enableDefaultPackages = default true;
        packages = [
          pkgs.noto-fonts
          pkgs.noto-fonts-color-emoji
        ];
      };
      programs.firefox.enable = default true;
      xdg.portal.enable = default true;
    }
    # GNOME turns it on in older NixOS, where it has another name as well.
    (
      if options.services ? pulseaudio then
        { services.pulseaudio.enable = default false; }
      else
        { hardware.pulseaudio.enable = default false; }
    )
    (mkIf (is "plasma") {
      services.desktopManager.plasma6.enable = true;
      services.displayManager.sddm = {
        enable = default true;
        wayland.enable = default true;
      };
      # It would open its port range.
      programs.kdeconnect.enable = default false;
    })
    (mkIf (is "gnome") (
      optionalAttrs (options.services.desktopManager ? gnome) {
        services.desktopManager.gnome.enable = true;
        services.displayManager.gdm.enable = default true;
      }
      // optionalAttrs (!(options.services.desktopManager ? gnome)) {
        services.xserver.enable = true;
        services.xserver.desktopManager.gnome.enable = true;
        services.xserver.displayManager.gdm.enable = default true;
      }
    ))
    (mkIf (is "sway") {
      programs.sway = {
        enable = true;
        wrapperFeatures.gtk = default true;
      };
    })
    (mkIf (is "hyprland") {
      programs.hyprland = {
        enable = true;
      }
      // optionalAttrs (options.programs.hyprland ? withUWSM) { withUWSM = default true; };
    })
    (mkIf wayland {
      services.greetd = {
        enable = default true;
        settings.default_session.command = default "${pkgs.greetd}/bin/agreety --cmd ${
          if is "sway" then "sway" else "'uwsm start hyprland-uwsm.desktop'"
        }";
      };
      environment.systemPackages = [
        pkgs.foot
        pkgs.wl-clipboard
      ];
    })
  ]);
}
