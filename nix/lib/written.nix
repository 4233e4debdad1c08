# written PLACE TREE PATH: who wrote the value at a path of an option tree. Where the path goes on inside of an option's
# value (settings that are a free set), the definitions of that part.
{ lib, place }:
let
  isOption = tree: lib.isAttrs tree && tree._type or "" == "option";

  # What a definition says of the rest of the path: value, priority and place, for each time it does.
  inside =
    {
      file,
      priority,
      value,
    }@here:
    rest:
    let
      key = lib.head rest;
      at = builtins.unsafeGetAttrPos key value;
      kind = if lib.isAttrs value then value._type or "" else "";
    in
    if kind == "override" then
      inside (
        here
        // {
          inherit (value) priority;
          value = value.content;
        }
      ) rest
    else if kind == "order" then
      inside (here // { value = value.content; }) rest
    else if kind == "if" then
      lib.optionals value.condition (inside (here // { value = value.content; }) rest)
    else if kind == "merge" then
      lib.concatMap (each: inside (here // { value = each; }) rest) value.contents
    else if rest == [ ] then
      [ here ]
    else if lib.isAttrs value && value ? ${key} then
      inside {
        file = if at == null then file else "${place at.file}:${toString at.line}";
        inherit priority;
        value = value.${key};
      } (lib.tail rest)
    else
      [ ];
in
rec {
  # find TREE PATH: { option, rest } where an option lies on the path, { tree } where a set of options does, else
  # { at, tree }: the part of the path that there is, and what lies there.
  find =
    tree: path:
    let
      go =
        at: tree: rest:
        if isOption tree then
          {
            option = tree;
            inherit rest;
          }
        else if rest == [ ] then
          { inherit tree; }
        else if lib.isAttrs tree && tree ? ${lib.head rest} then
          go (at ++ [ (lib.head rest) ]) tree.${lib.head rest} (lib.tail rest)
        else
          { inherit at tree; };
    in
    go [ ] tree path;

  # winners FOUND: the definitions that count, of what `find` found. More than one where they are joined, as lists are.
  winners =
    found:
    let
      all = lib.concatMap (
        each:
        inside {
          file = place each.file;
          priority = lib.modules.defaultOverridePriority;
          inherit (each) value;
        } found.rest
      ) found.option.definitionsWithLocations;
      best = lib.foldl' (least: each: lib.min least each.priority) 100000 all;
    in
    lib.filter (each: each.priority == best) all;
}
