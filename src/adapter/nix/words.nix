# What the expressions have in common that ask a flake for something.
rec {
  # get SET PATH: what lies at a path.
  get = builtins.foldl' (set: name: set.${name});

  # has PATH SET: whether there is something.
  has =
    path: set:
    path == [ ]
    || (
      builtins.isAttrs set
      && set ? ${builtins.head path}
      && has (builtins.tail path) set.${builtins.head path}
    );

  # tell VALUE: writes it where phoenix reads along, and gives what it is given next.
  tell = value: builtins.trace "@phoenix ${builtins.toJSON value}";

  # each NAMES LOOK: tells what LOOK says of one host after another, each as soon as it is there, so that one that fails
  # costs the others nothing.
  each =
    names: look:
    let
      one =
        name:
        let
          result = look name;
        in
        tell { start = name; } (
          builtins.seq (builtins.toJSON result) (tell ({ host = name; } // result) null)
        );
    in
    builtins.foldl' (done: name: builtins.seq (one name) done) null names;
}
