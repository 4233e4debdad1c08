# A host of the fleet runs what was deployed to it. One that upgrades itself would undo that from another source, with
# nobody to confirm it.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.auto-upgrade;
in
{
  config = {
    system.autoUpgrade.enable = lib.mkIf cfg.enable (default false);
    # Told to those who log in and want to rebuild by hand.
    users.motd = lib.mkIf (cfg.enable && config.services.openssh.enable) (
      default "${config.phoenix.host.name} is deployed with phoenix: changes made by hand are found, and undone by the next deployment.\n"
    );

    phoenix.security.controls.auto-upgrade = {
      title = "Upgrades by itself";
      expect = [
        (expect.is "system.autoUpgrade.enable" false)
      ];
    };
  };
}
