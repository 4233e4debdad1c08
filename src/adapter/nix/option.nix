# What a host's flake says of an option: from the modules of phoenix where the flake has them
# (`layers`), else from the option itself (`system`). `inside` leads from the flake's attribute to
# the set of hosts, `after` from a host to the set that has `options`; `path` is the option's.
{ get, has, ... }:
{
  name,
  inside,
  after,
  path,
}:
let
  # The value, or null for one that cannot be had.
  try =
    value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else null;

  # The text of a value as people write it in Nix. Big values are cut: they are there to be read.
  text = value: try (shown 6 "" value);
  most = 200;
  wide = 40;
  isOneLine = text: builtins.replaceStrings [ "\n" ] [ "" ] text == text;
  shown =
    depth: pad: value:
    let
      inner = pad + "  ";
      kind = value._type or "";
      known = found: if found == null then "<cannot be evaluated>" else found;
      # Sets of whole configurations have no end: what is wide is not shown deep as well.
      size = builtins.length (if builtins.isList value then value else builtins.attrNames value);
      deep = if size > wide then depth / 3 else depth - 1;
      below = each: known (try (shown deep inner each));
      within = each: known (try (shown depth pad each));
      each = key: "${quotedKey key} = ${below value.${key}};";
      cut =
        all:
        if builtins.length all <= most then all else builtins.genList (builtins.elemAt all) most ++ [ "…" ];
      wrap =
        open: close: items:
        let
          line = "${open} ${builtins.concatStringsSep " " items} ${close}";
          lines = builtins.concatStringsSep "" (map (item: "${inner}${item}\n") items);
        in
        if items == [ ] then
          "${open} ${close}"
        else if builtins.stringLength line <= 60 && isOneLine line then
          line
        else
          "${open}\n${lines}${pad}${close}";
    in
    if builtins.isString value then
      quoted pad (builtins.unsafeDiscardStringContext value)
    else if builtins.isPath value then
      toString value
    else if builtins.isFunction value then
      "<function>"
    else if builtins.isList value then
      if value != [ ] && depth == 0 then "[ … ]" else wrap "[" "]" (cut (map below value))
    else if !(builtins.isAttrs value) then
      builtins.toJSON value
    else if kind == "override" then
      "${override value.priority} ${within value.content}"
    else if kind == "order" then
      "${order value.priority} ${within value.content}"
    else if kind == "if" then
      "mkIf ${within value.condition} ${within value.content}"
    else if kind == "merge" then
      "mkMerge ${within value.contents}"
    else if value.type or "" == "derivation" then
      "<derivation ${value.name or "?"}>"
    else if kind == "pkgs" then
      "<pkgs>"
    else if value != { } && depth == 0 then
      "{ … }"
    else
      wrap "{" "}" (cut (map each (builtins.attrNames value)));

  # The properties that may wrap what lies inside a definition, as they are written.
  override =
    priority:
    {
      "50" = "mkForce";
      "1000" = "mkDefault";
      "1500" = "mkOptionDefault";
    }
    .${toString priority} or "mkOverride ${toString priority}";
  order =
    priority:
    {
      "500" = "mkBefore";
      "1500" = "mkAfter";
    }
    .${toString priority} or "mkOrder ${toString priority}";

  quotedKey =
    key: if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*" key != null then key else builtins.toJSON key;

  quoted =
    pad: text:
    let
      lines = builtins.replaceStrings [ "''" "\${" "\n" ] [ "'''" "''\${" "\n  ${pad}" ] whole;
      length = builtins.stringLength text;
      ends = length > 0 && builtins.substring (length - 1) 1 text == "\n";
      whole = if ends then builtins.substring 0 (length - 1) text else text;
    in
    if isOneLine whole then
      builtins.replaceStrings [ "\${" ] [ "\\\${" ] (builtins.toJSON text)
    else
      "''\n  ${pad}${lines}${if ends then "\n${pad}" else ""}''";

  # The file as it lies in its flake: the store path of a source says nothing to people.
  place =
    file:
    let
      inSource = builtins.match "/nix/store/[^/]*-source/(.*)" (toString file);
    in
    if inSource == null then toString file else builtins.head inSource;

  isOption = tree: builtins.isAttrs tree && tree._type or "" == "option";
  namesOf = tree: builtins.filter (each: each != "_module") (builtins.attrNames tree);

  # Where the path leads: to an option, with the rest of the path inside its value; to a set of
  # options; or nowhere.
  find =
    at: tree: rest:
    if isOption tree then
      {
        option = tree;
        inherit rest;
      }
    else if rest == [ ] then
      { set = tree; }
    else if builtins.isAttrs tree && tree ? ${builtins.head rest} then
      find (at ++ [ (builtins.head rest) ]) tree.${builtins.head rest} (builtins.tail rest)
    else
      {
        unknown = at ++ [ (builtins.head rest) ];
        near = if builtins.isAttrs tree then map (each: at ++ [ each ]) (namesOf tree) else [ ];
      };

  # What a definition says of the rest of the path, with its place. Properties may wrap what lies
  # inside.
  said =
    file: value: rest:
    let
      kind = value._type or "";
      key = builtins.head rest;
      at = builtins.unsafeGetAttrPos key value;
      here = if at == null then file else "${place at.file}:${toString at.line}";
    in
    if kind == "override" || kind == "order" then
      said file value.content rest
    else if kind == "if" then
      if value.condition then said file value.content rest else [ ]
    else if kind == "merge" then
      builtins.concatMap (each: said file each rest) value.contents
    else if rest == [ ] then
      [
        {
          inherit file;
          value = text value;
        }
      ]
    else if builtins.isAttrs value && value ? ${key} then
      said here value.${key} (builtins.tail rest)
    else
      [ ];

  layersOf =
    option: rest:
    let
      default = option ? default && try (has rest option.default) == true;
      written = option.highestPrio or 100 < 1500 && try (has rest option.value) == true;
      below = {
        layer = "default";
        set = default;
        value = if default then text (get option.default rest) else null;
        definitions = [ ];
        changed = default;
      };
      value = if try (has rest option.value) == true then text (get option.value rest) else null;
    in
    {
      inherit value;
      layers = [
        below
        {
          layer = "system";
          set = written;
          value = if written then value else null;
          definitions =
            if written then
              builtins.concatMap (each: said (place each.file) each.value rest) (
                option.definitionsWithLocations or [ ]
              )
            else
              [ ];
          changed = written && value != below.value;
        }
      ];
    };

  described =
    found:
    let
      description = found.option.description or null;
    in
    {
      option = path;
      type = if found.rest == [ ] then try (found.option.type.description or null) else null;
      description = if found.rest == [ ] then description.text or description else null;
    }
    // layersOf found.option found.rest;

  answer =
    found:
    if found ? option then
      described found
    else if found ? set then
      { children = namesOf found.set; }
    else
      found;
in
{
  layers =
    root:
    if has [ "hosts" name "explain" ] root then
      { answer = root.hosts.${name}.explain path; }
    else
      { missing = "layers"; };

  system =
    root:
    let
      hosts = get root inside;
      machine = get hosts.${name} after;
    in
    if !(hosts ? ${name}) then
      {
        missing = "host";
        known = builtins.attrNames hosts;
      }
    else if !(has (after ++ [ "options" ]) hosts.${name}) then
      { missing = "options"; }
    else
      { answer = answer (find [ ] machine.options path); };
}
