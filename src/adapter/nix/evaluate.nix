# Evaluates systems. `inside` leads from the flake's attribute to the set of hosts, `after` from a host to its system.
{
  each,
  get,
  has,
  ...
}:
{
  names,
  inside,
  after,
}:
root:
let
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
in
# Hosts that are no set at all are the flake's error, not the first host's.
builtins.seq (builtins.attrNames hosts) (each names look)
