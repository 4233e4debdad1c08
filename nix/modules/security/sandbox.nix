# Programs that show what others made run in a sandbox: they see their own files, and not the keys of their user.
{
  config,
  lib,
  default,
  expect,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  cfg = config.phoenix.security.sandbox;
  graphical = config.phoenix.machine.graphical;
in
{
  options.phoenix.security.sandbox.programs = mkOption {
    type = types.attrsOf types.package;
    default = { };
    example = lib.literalExpression "{ vlc = pkgs.vlc; }";
    description = "Programs that firejail wraps with its profile of the same name.";
  };

  config = {
    programs.firejail = lib.mkIf (cfg.enable && graphical) {
      enable = default true;
      wrappedBinaries = lib.mapAttrs (name: package: {
        executable = "${package}/bin/${name}";
        profile = "${pkgs.firejail}/etc/firejail/${name}.profile";
      }) cfg.programs;
    };
    environment.systemPackages = lib.mkIf (cfg.enable && graphical) [ pkgs.bubblewrap ];

    phoenix.security.controls.sandbox = {
      title = "Sandboxes for desktop programs";
      applies = graphical;
      why = "nobody opens files of others here";
      expect = [ (expect.is "programs.firejail.enable" true) ];
    };
  };
}
