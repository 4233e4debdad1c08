# Evaluates systems one after another and tells each result as soon as it is there, so that
# one that fails costs the others nothing. `inside` leads from the flake's attribute to the
# set of hosts, `after` from a host to its system.
{
  names,
  inside,
  after,
}:
root:
let
  tell = value: builtins.trace "@phoenix ${builtins.toJSON value}";
  get = builtins.foldl' (set: name: set.${name});
  has =
    path: set:
    path == [ ]
    || (
      builtins.isAttrs set
      && set ? ${builtins.head path}
      && has (builtins.tail path) set.${builtins.head path}
    );
  hosts = get root inside;
  look =
    name:
    let
      system = get hosts.${name} after;
    in
    if !(hosts ? ${name}) then
      {
        missing = "host";
        known = builtins.attrNames hosts;
      }
    else if !(has after hosts.${name}) then
      { missing = "attribute"; }
    else if !(has [ "drvPath" ] system) then
      { missing = "derivation"; }
    else
      {
        drv = system.drvPath;
        out = system.outPath;
        system = system.system or "";
      };
  one =
    name:
    let
      result = look name;
    in
    tell { start = name; } (
      builtins.seq (builtins.toJSON result) (tell ({ host = name; } // result) null)
    );
in
# Hosts that are no set at all are the flake's error, not the first host's.
builtins.seq (builtins.attrNames hosts) (
  builtins.foldl' (done: name: builtins.seq (one name) done) null names
)
