# Tells what each host is and what it is called, as far as that can be evaluated. What was told before an error stays
# told. `inside` leads from the flake's attribute to the set of hosts, `after` from a host to its system.
{
  get,
  has,
  tell,
  ...
}:
{
  names,
  inside,
  after,
}:
root:
let
  inherit (builtins)
    foldl'
    isString
    seq
    toJSON
    ;
  hosts = get root inside;

  # The text at a path, or null.
  text =
    path: set:
    let
      value = get set path;
    in
    if has path set && isString value then value else null;

  # What an assertion or a `throw` keeps back is not known; other errors end the evaluator.
  soft =
    value:
    let
      tried = builtins.tryEval value;
    in
    if tried.success then tried.value else null;

  kind =
    host:
    let
      container = [
        "config"
        "boot"
        "isContainer"
      ];
    in
    if has container host && get host container == true then
      "container"
    else if has [ "config" "isoImage" ] host then
      "iso"
    else if has [ "config" "system" "build" "netbootRamdisk" ] host then
      "netboot"
    else if !(has after host) then
      "nothing"
    else
      null;

  # `fqdn` throws where no domain is set.
  fqdn =
    host: hostName:
    let
      whole = soft (text [ "config" "networking" "fqdn" ] host);
      domain = soft (text [ "config" "networking" "domain" ] host);
    in
    if whole != null then
      whole
    else if domain != null && hostName != null then
      "${hostName}.${domain}"
    else
      null;

  one =
    name:
    let
      host = hosts.${name};
      first = soft (text [ "pkgs" "stdenv" "hostPlatform" "system" ] host);
      system =
        if first != null then first else soft (text [ "config" "nixpkgs" "hostPlatform" "system" ] host);
      is = {
        host = name;
        inherit system;
        kind = soft (kind host);
      };
      # The one thing that every configuration can say: its error is the host's.
      hostName = text [ "config" "networking" "hostName" ] host;
      called = {
        host = name;
        done = true;
        inherit hostName;
        fqdn = fqdn host hostName;
      };
      told = value: seq (toJSON value) (tell value null);
    in
    tell { start = name; } (seq (told is) (told called));
in
seq (builtins.attrNames hosts) (foldl' (done: name: seq (one name) done) null names)
