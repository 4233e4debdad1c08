# Tells each host's security posture. `inside` leads from the flake's attribute to the set of hosts, `after` from a host
# to its posture.
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
    if !(has inside root) then
      { missing = "hosts"; }
    else if !(hosts ? ${name}) then
      {
        missing = "host";
        known = builtins.attrNames hosts;
      }
    else if !(has after hosts.${name}) then
      { missing = "posture"; }
    else
      { posture = get hosts.${name} after; };
in
each names look
