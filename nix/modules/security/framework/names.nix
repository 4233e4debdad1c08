# The names of all controls: those of the files.
let
  file = name: builtins.match "(.*)\\.nix" name;
in
builtins.concatMap (name: if name == "default.nix" || file name == null then [ ] else file name) (
  builtins.attrNames (builtins.readDir ../.)
)
