# Reads fleet.toml, the one inventory. The controller checks every key of it (src/fleet); here only what a
# system is made of is read: names, fleet profiles, tags and logins.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    fromTOML
    isString
    mapAttrs
    pathExists
    readDir
    readFile
    ;

  unique =
    list:
    builtins.foldl' (seen: word: if builtins.elem word seen then seen else seen ++ [ word ]) [ ] list;

  first =
    values:
    let
      set = filter (value: value != null) values;
    in
    if set == [ ] then null else builtins.head set;

  # The users of a host that have a home: hosts/<name>/home/<user>.nix.
  homes =
    folder:
    let
      home = folder + "/home";
      entries = if pathExists home then readDir home else { };
      files = filter (name: entries.${name} == "regular" && builtins.match ".*\\.nix" name != null) (
        attrNames entries
      );
      user = file: builtins.head (builtins.match "(.*)\\.nix" file);
    in
    builtins.listToAttrs (
      map (file: {
        name = user file;
        value = home + "/${file}";
      }) files
    );

  # One host: what the other files of nix/lib know of it.
  host =
    {
      root,
      defaults ? { },
      tagged ? { },
    }:
    name: settings:
    let
      folder = root + "/hosts/${name}";
      profile = settings.profile or null;
      tags = unique ((defaults.tags or [ ]) ++ (settings.tags or [ ]));
      described = pathExists (folder + "/default.nix");
    in
    {
      inherit
        name
        folder
        profile
        described
        tags
        ;
      homes = homes folder;
      facter = if pathExists (folder + "/facter.json") then folder + "/facter.json" else null;
      # Whom phoenix logs in as, if fleet.toml says so: the host, else its tags, else [defaults].
      login = first (
        map (each: each.ssh.user or null) (
          [ settings ] ++ map (tag: tagged.${tag} or { }) tags ++ [ defaults ]
        )
      );
      # hosts/<name>/default.nix, which describes the host.
      module =
        if described then
          folder + "/default.nix"
        else
          throw "fleet.toml has a host `${name}`, but there is no hosts/${name}/default.nix that git knows; write one, or take the host out of fleet.toml";
    };
in
rec {
  # parse ROOT TEXT: the hosts in the text of a fleet.toml.
  parse =
    root: text:
    let
      file = fromTOML text;
      hosts = file.hosts or { };
      bad = filter (name: !(isString (hosts.${name}.profile or ""))) (attrNames hosts);
    in
    if hosts == { } then
      throw "fleet.toml has no [hosts.<name>]; add one"
    else if bad != [ ] then
      throw "fleet.toml: `profile` is no text for ${concatStringsSep ", " bad}"
    else
      {
        name = file.fleet.name or null;
        hosts = mapAttrs (host {
          inherit root;
          defaults = file.defaults or { };
          tagged = file.tags or { };
        }) hosts;
      };

  # read ROOT: the hosts of the fleet in a folder.
  read =
    root:
    if pathExists (root + "/fleet.toml") then
      parse root (readFile (root + "/fleet.toml"))
    else
      throw "there is no fleet.toml in ${toString root}; `phoenix init` writes one";
}
