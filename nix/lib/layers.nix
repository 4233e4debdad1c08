# The layers of a system: central defaults, then each fleet profile of the chain, then the host. Every layer has a
# word `default` of its own: `default true` gives way to what a later layer says. Numbers are priorities of the module
# system, of which the lowest wins: what is written plainly has 100, `lib.mkDefault` 1000.
let
  override = priority: content: {
    _type = "override";
    inherit priority content;
  };
in
rec {
  # Central defaults win over the `mkDefault` of NixOS's own modules: those do not know what is secure here.
  central = 900;

  # The profile that stands at this place of the chain, counted from 0. A chain is shorter than 70.
  profile = depth: 800 - 10 * depth;

  # default PRIORITY: the word for a layer.
  default = override;

  # withDefault PRIORITY MODULE: the module, with the layer's `default` among its arguments.
  withDefault =
    priority: module:
    let
      arguments = builtins.functionArgs module;
    in
    if builtins.isFunction module then
      {
        __functor = _: given: module (given // { default = default priority; });
        __functionArgs = removeAttrs arguments [ "default" ];
      }
    else
      module;
}
