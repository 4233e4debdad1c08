# Fleet profiles: profiles/<name>.nix, each a set { description, inherits, module }. A profile that inherits others holds
# only what it adds to them.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    foldl'
    isAttrs
    isFunction
    listToAttrs
    match
    pathExists
    readDir
    ;

  keys = [
    "description"
    "inherits"
    "module"
  ];

  # What a file holds, checked.
  checked =
    name: file: value:
    let
      unknown = filter (key: !(elem key keys)) (attrNames value);
    in
    if isFunction value || !(isAttrs value) then
      throw "profiles/${name}.nix is no fleet profile: it must be { description = \"…\"; inherits = [ … ]; module = { … }: { … }; }"
    else if unknown != [ ] then
      throw "profiles/${name}.nix: unknown ${concatStringsSep ", " unknown}; a fleet profile has ${concatStringsSep ", " keys}, and NixOS options belong into `module`"
    else if !(value ? description && value ? module) then
      throw "profiles/${name}.nix lacks `description` or `module`"
    else
      {
        inherit name file;
        inherit (value) description module;
        inherits = value.inherits or [ ];
      };

  folder =
    path:
    let
      entries = if pathExists path then readDir path else { };
      files = filter (name: entries.${name} == "regular" && match "[a-z0-9_-]+\\.nix" name != null) (
        attrNames entries
      );
    in
    listToAttrs (
      map (
        file:
        let
          name = builtins.head (match "(.*)\\.nix" file);
        in
        {
          inherit name;
          value = checked name (path + "/${file}") (import (path + "/${file}"));
        }
      ) files
    );
in
rec {
  # load FOLDERS: all fleet profiles by name; of two with one name that of the earlier folder.
  load = folders: foldl' (all: path: folder path // all) { } folders;

  # chain PROFILES NAME: the profile with all that it inherits, what others build on first, each once. A profile that is
  # called `all` is everyone's: it comes first.
  chain =
    profiles: name:
    let
      known = concatStringsSep ", " (attrNames profiles);
      visit =
        path: seen: this:
        if elem this path then
          throw "fleet profiles inherit each other in a circle: ${concatStringsSep " → " (path ++ [ this ])}"
        else if elem this seen then
          seen
        else if !(profiles ? ${this}) then
          throw "there is no fleet profile `${this}`${
            if path == [ ] then "" else ", which `${builtins.elemAt path (builtins.length path - 1)}` inherits"
          }; there are: ${known}"
        else
          foldl' (visit (path ++ [ this ])) seen profiles.${this}.inherits ++ [ this ];
    in
    map (each: profiles.${each}) (
      foldl' (visit [ ]) [ ] (
        filter (each: each != null && (each != "all" || profiles ? all)) [
          "all"
          name
        ]
      )
    );
}
