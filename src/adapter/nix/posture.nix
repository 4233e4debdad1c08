# Tells each host's security posture as soon as it is there, as evaluate.nix does with systems.
# `inside` leads from the flake's attribute to the set of hosts, `after` from a host to its posture.
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
  one =
    name:
    let
      result = look name;
    in
    tell { start = name; } (
      builtins.seq (builtins.toJSON result) (tell ({ host = name; } // result) null)
    );
in
builtins.foldl' (done: name: builtins.seq (one name) done) null names
