# place ROOTS FILE: the name of a file as people know it: relative to the fleet, with no path of a store in front.
roots: file:
let
  text = builtins.unsafeDiscardStringContext (toString file);
  inside =
    root:
    let
      prefix = builtins.unsafeDiscardStringContext (toString root) + "/";
      length = builtins.stringLength prefix;
    in
    if builtins.substring 0 length text == prefix then
      builtins.substring length (builtins.stringLength text) text
    else
      null;
  found = builtins.filter (name: name != null) (map inside roots);
  store = builtins.match "/nix/store/[^/]*/(.*)" text;
in
if found != [ ] then
  builtins.head found
else if store != null then
  builtins.head store
else
  text
