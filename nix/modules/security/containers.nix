# Container engines: who may talk to Docker's daemon is root, and the ports that it publishes go past the firewall.
{
  config,
  lib,
  default,
  expect,
  ...
}:
let
  cfg = config.phoenix.security.containers;
  docker = config.virtualisation.docker.enable;
  podman = config.virtualisation.podman.enable;
  member = user: user.isNormalUser && lib.elem "docker" user.extraGroups;
in
{
  config = {
    # What is published without an address is for the host itself. `-p 0.0.0.0:80:80` still opens a port to all.
    virtualisation.docker.daemon.settings = lib.mkIf (cfg.enable && docker) {
      ip = default "127.0.0.1";
      no-new-privileges = default true;
      icc = default false;
      userland-proxy = default false;
    };

    phoenix.security.controls.containers = {
      title = "Container engines";
      applies = docker || podman;
      why = "it has none";
      expect =
        lib.optionals docker [
          (expect.is "virtualisation.docker.daemon.settings.ip" "127.0.0.1")
          (expect.is "virtualisation.docker.daemon.settings.no-new-privileges" true)
          (expect.so "virtualisation.docker.listenOptions" "sockets in the file system" (
            lib.all (lib.hasPrefix "/")
          ))
          (expect.none "users.users" "without people in the group docker, who are root by it" (
            found: map (user: user.name) (lib.filter member (lib.attrValues found))
          ))
        ]
        ++ lib.optionals podman [
          (expect.is "virtualisation.podman.networkSocket.enable" false)
          (expect.is "virtualisation.podman.dockerSocket.enable" false)
        ];
    };
  };
}
