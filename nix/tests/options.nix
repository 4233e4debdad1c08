# The text of docs/reference/options.md, from the options themselves: ./check systems compares, UPDATE_DOCS=1 writes.
fleet:
let
  # Any host declares all of them.
  system = builtins.head (builtins.attrValues fleet.nixosConfigurations);
  inherit (system) options;
  inherit (system.pkgs) lib;

  controls = lib.attrNames options.phoenix.security.exceptions;
  first = lib.head controls;

  # What every control has is told once, as <control>.
  repeated =
    name:
    lib.any (
      control:
      control != first
      && (
        name == "phoenix.security.${control}.enable"
        || lib.hasPrefix "phoenix.security.exceptions.${control}" name
      )
    ) controls;
  general =
    text:
    lib.replaceStrings
      [
        "phoenix.security.${first}.enable"
        "phoenix.security.exceptions.${first}"
        "control `${first}`"
      ]
      [
        "phoenix.security.<control>.enable"
        "phoenix.security.exceptions.<control>"
        "control"
      ]
      text;

  all = lib.filter (
    each: !each.internal && each.visible && lib.hasPrefix "phoenix." each.name && !repeated each.name
  ) (lib.optionAttrSetToDocList { inherit (options) phoenix; });

  text = value: value.text or value;
  # On one line, with single spaces.
  cell =
    value:
    lib.concatStringsSep " " (
      lib.filter (word: word != "") (
        lib.splitString " " (lib.replaceStrings [ "|" "\n" ] [ "\\|" " " ] value)
      )
    );
  code =
    value:
    if lib.stringLength value > 60 || lib.hasInfix "`" value then cell value else "`${cell value}`";
  default =
    each:
    if each.readOnly then
      "read only"
    else if !(each ? default) then
      "–"
    else if each.default._type or "" == "literalMD" then
      cell each.default.text
    else
      code (text each.default);
  row =
    each:
    "| `${cell (general each.name)}` | ${cell each.type} | ${default each} | ${
      cell (general (text (each.description or "")))
    } |";

  area = each: lib.elemAt (lib.splitString "." each.name) 1;
  areas = lib.unique (map area all);
  section = name: ''
    ## phoenix.${name}

    | option | type | default | description |
    |---|---|---|---|
    ${lib.concatMapStringsSep "\n" row (lib.filter (each: area each == name) all)}
  '';
  title = control: "| `${control}` | ${system.config.phoenix.security.controls.${control}.title} |";
in
''
  ---
  id: reference/options
  title: NixOS options of phoenix
  summary: Every option under phoenix.*, with its type, default and meaning; and the names of all controls.
  tags: [reference, nix, security]
  related: [guide/fleet-as-code, guide/posture, reference/profiles]
  ---

  # NixOS options of phoenix

  Made from the modules in nix/modules. An option that does not exist is an error, which names those with a similar name.

  ## Controls

  `<control>` below is one of these:

  | control | about |
  |---|---|
  ${lib.concatMapStringsSep "\n" title controls}

  ${lib.concatMapStringsSep "\n" section areas}''
