# explain STEPS PATH: what every layer makes of an option, and which file said so. A step is the option tree of the
# system made of one layer and all before it: the first is NixOS alone, the last one the system itself.
{
  lib,
  written,
}:
steps: path:
let
  inherit (written) find winners;

  final = find (lib.last steps).options path;

  pretty =
    value:
    lib.generators.toPretty { } (
      lib.generators.withRecursion {
        depthLimit = 6;
        throwOnDepthLimit = false;
      } value
    );

  # What somebody wrote, without the marks that say how strongly and where in a list it counts.
  bare =
    value:
    let
      kind = if lib.isAttrs value then value._type or "" else "";
      counts = each: !(lib.isAttrs each) || each._type or "" != "if" || each.condition;
    in
    if kind == "override" || kind == "order" || kind == "if" then
      bare value.content
    else if kind == "merge" then
      joined (map bare (lib.filter counts value.contents))
    else if lib.isDerivation value then
      value
    else if lib.isAttrs value then
      lib.mapAttrs (_: bare) (lib.filterAttrs (_: counts) value)
    else if lib.isList value then
      map bare value
    else
      value;

  # Parts that `mkMerge` holds, as one value where they can be.
  joined =
    parts:
    if lib.length parts == 1 then
      lib.head parts
    else if lib.all lib.isAttrs parts then
      lib.foldl' lib.recursiveUpdate { } parts
    else if lib.all lib.isList parts then
      lib.concatLists parts
    else
      parts;

  # The text of a value, or null for one that cannot be had.
  text =
    value:
    let
      tried = builtins.tryEval (
        let
          all = pretty value;
        in
        builtins.deepSeq all all
      );
    in
    if tried.success then tried.value else null;

  definitions =
    found:
    lib.filter (each: each.value != "[ ]" && each.value != "{ }") (
      map (each: {
        inherit (each) file;
        value = text (bare each.value);
      }) (winners found)
    );

  # A layer by itself: the value so far.
  step =
    { layer, options }:
    let
      found = find options path;
      set = found ? option && (builtins.tryEval found.option.isDefined).value;
      value =
        if !(found ? option) then null else text (lib.getAttrFromPath found.rest found.option.value);
      has = builtins.tryEval (lib.hasAttrByPath found.rest found.option.value);
      by = builtins.tryEval (builtins.deepSeq (definitions found) (definitions found));
    in
    {
      inherit layer;
      set = set && has.success && has.value;
      value = if found ? option && has.success && has.value then value else null;
      definitions = if found ? option && by.success then by.value else [ ];
    };

  # A file of a layer belongs into its row only; later rows show what is new in them.
  rows =
    let
      all = map step steps;
      row =
        index: each:
        let
          before = lib.elemAt all (index - 1);
        in
        each
        // {
          changed = index == 0 || each.value != before.value;
          definitions = if index == 0 then [ ] else lib.subtractLists before.definitions each.definitions;
        };
    in
    lib.imap0 row all;

  # The option at the end of the path, where the way there leads through submodules.
  inner =
    option: rest:
    let
      free = lib.elem option.type.name [
        "attrsOf"
        "lazyAttrsOf"
      ];
      left = if free then lib.tail rest else rest;
      found = find (option.type.getSubOptions option.loc) left;
    in
    if rest == [ ] then
      option
    else if left != [ ] && found ? option then
      inner found.option found.rest
    else
      { };
  named = inner final.option final.rest;

  shown = lib.showOption path;
  near =
    tree: name:
    let
      names = lib.filter (each: each != "_module") (lib.attrNames tree);
      close = lib.filter (
        each: lib.strings.levenshteinAtMost 3 each name || lib.hasPrefix name each
      ) names;
    in
    lib.take 5 close;
in
if final ? option then
  {
    option = shown;
    type = named.type.description or null;
    description = named.description.text or named.description or null;
    layers = rows;
    value = (lib.last rows).value;
  }
else if final ? tree && !(final ? at) then
  { children = lib.filter (each: each != "_module") (lib.attrNames final.tree); }
else
  {
    unknown = shown;
    suggestions = map (each: lib.showOption (final.at ++ [ each ])) (
      if lib.isAttrs final.tree then near final.tree (lib.elemAt path (lib.length final.at)) else [ ]
    );
  }
