# No port is open that nobody asked for by name. Many NixOS modules open ports when they are enabled; here only
# `phoenix.ports` does, and fleet profiles and hosts write that.
{
  config,
  options,
  lib,
  phoenix,
  ...
}:
let
  inherit (lib)
    mkOption
    types
    concatMap
    filter
    mapAttrsToList
    ;
  ports = lib.attrValues config.phoenix.ports;
  firewall = config.networking.firewall;

  port = types.submodule {
    options = {
      port = mkOption {
        type = types.nullOr types.port;
        default = null;
        description = "The port.";
      };
      range = mkOption {
        type = types.nullOr (
          types.submodule {
            options = {
              from = mkOption {
                type = types.port;
                description = "First port.";
              };
              to = mkOption {
                type = types.port;
                description = "Last port.";
              };
            };
          }
        );
        default = null;
        description = "The ports from one to another, instead of `port`.";
      };
      protocols = mkOption {
        type = types.nonEmptyListOf (
          types.enum [
            "tcp"
            "udp"
          ]
        );
        default = [ "tcp" ];
        description = "What is let in.";
      };
      interfaces = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Network interfaces it is open on; none means all.";
      };
      why = mkOption {
        type = types.strMatching "(.|\n)*[^[:space:]](.|\n)*" // {
          description = "text";
        };
        description = "Who comes in here, and what for.";
      };
    };
  };

  # The attributes of networking.firewall for the ports of one place: all interfaces, or one.
  opened =
    chosen:
    let
      of = protocol: filter (each: lib.elem protocol each.protocols) chosen;
      single = protocol: map (each: each.port) (filter (each: each.port != null) (of protocol));
      ranges = protocol: map (each: each.range) (filter (each: each.range != null) (of protocol));
    in
    {
      allowedTCPPorts = single "tcp";
      allowedUDPPorts = single "udp";
      allowedTCPPortRanges = ranges "tcp";
      allowedUDPPortRanges = ranges "udp";
    };

  everywhere = filter (each: each.interfaces == [ ]) ports;
  interfaces = lib.unique (concatMap (each: each.interfaces) ports);
  on = name: filter (each: lib.elem name each.interfaces) ports;

  kinds = [
    "allowedTCPPorts"
    "allowedUDPPorts"
    "allowedTCPPortRanges"
    "allowedUDPPortRanges"
  ];
  # The lines of phoenix.ports that name it.
  asked =
    {
      value,
      kind,
      on,
      ...
    }:
    (
      if lib.isAttrs value then
        "range = { from = ${toString value.from}; to = ${toString value.to}; }; "
      else
        "port = ${toString value}; "
    )
    + "protocols = [ \"${if lib.hasInfix "TCP" kind then "tcp" else "udp"}\" ]; "
    + lib.optionalString (on != null) "interfaces = [ \"${on}\" ]; ";
  show =
    each: if lib.isAttrs each then "${toString each.from}-${toString each.to}" else toString each;

  # What is open in `place`, a set like networking.firewall, and named by none.
  unnamed =
    on: path: place: named:
    concatMap (
      kind:
      map (each: {
        inherit on kind;
        where = lib.optionalString (on != null) " on ${on}";
        text = show each;
        option = path ++ [ kind ];
        value = each;
      }) (lib.subtractLists named.${kind} place.${kind})
    ) kinds;

  # The files that opened it, for ports of all interfaces.
  files =
    each:
    let
      option = lib.attrByPath each.option null options;
      by = filter (definition: lib.elem each.value (lib.toList definition.value)) (
        option.definitionsWithLocations or [ ]
      );
    in
    if by == [ ] then "" else " (${lib.concatMapStringsSep ", " (it: phoenix.place it.file) by})";

  strays =
    unnamed null [ "networking" "firewall" ] firewall (opened everywhere)
    ++ lib.concatLists (
      mapAttrsToList (
        name: place: unnamed name [ ] place (opened (everywhere ++ on name))
      ) firewall.interfaces
    );
in
{
  options.phoenix.ports = mkOption {
    type = types.attrsOf port;
    default = { };
    example = lib.literalExpression ''
      { web = { port = 443; why = "the public site"; }; }
    '';
    description = "Ports that are open, by a name for each. Nothing else may open one.";
  };

  config = {
    networking.firewall = opened everywhere // {
      interfaces = lib.genAttrs interfaces (name: opened (on name));
    };

    assertions =
      map (each: {
        assertion = false;
        message = ''
          ${config.phoenix.host.name}: ${each.text} is open${each.where} (networking.firewall.${each.kind})${files each}, but phoenix.ports does not name it.
          Close it (often `openFirewall = false`), or say what for:
            phoenix.ports.NAME = { ${asked each}why = "…"; };'';
      }) (if firewall.enable then strays else [ ])
      ++ mapAttrsToList (name: each: {
        assertion = (each.port == null) != (each.range == null);
        message = "phoenix.ports.${name} must have either `port` or `range`.";
      }) config.phoenix.ports;
  };
}
