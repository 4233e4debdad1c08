{
  description = "A machine in a rack or a cloud that is reached over SSH only";
  module =
    { default, ... }:
    {
      services.openssh.enable = default true;
      phoenix.ports.ssh = default {
        port = 22;
        why = "phoenix and the administrators come in here";
      };
    };
}
