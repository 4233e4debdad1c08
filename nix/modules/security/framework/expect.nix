# Words for what a control expects of an option. An option is named by its path with dots, or by a list where a part
# of it has dots itself.
{ lib }:
let
  path = option: if lib.isString option then lib.splitString "." option else option;
  text = lib.generators.toPretty { multiline = false; };
in
rec {
  # The value is this one.
  is = option: value: {
    option = path option;
    expected = text value;
    test = found: found == value;
  };

  # The value is one of these.
  oneOf = option: values: {
    option = path option;
    expected = "one of ${lib.concatMapStringsSep ", " text values}";
    test = found: lib.elem found values;
  };

  # The number is not larger.
  atMost = option: limit: {
    option = path option;
    expected = "at most ${toString limit}";
    test = found: found != null && found <= limit;
  };

  # The number is not smaller.
  atLeast = option: limit: {
    option = path option;
    expected = "at least ${toString limit}";
    test = found: found != null && found >= limit;
  };

  # The list holds all of these.
  has = option: elements: {
    option = path option;
    expected = "with ${lib.concatMapStringsSep ", " text elements}";
    test = found: found != null && lib.all (each: lib.elem each found) elements;
  };

  # The list holds none of these.
  lacks = option: elements: {
    option = path option;
    expected = "without ${lib.concatMapStringsSep ", " text elements}";
    test = found: found == null || !lib.any (each: lib.elem each found) elements;
  };

  # `offenders` finds no name in the value. They are told in its place: a set of accounts must not be shown as it is.
  none = option: expected: offenders: {
    option = path option;
    inherit expected;
    test = found: offenders found == [ ];
    show = found: "wrong for ${lib.concatStringsSep ", " (offenders found)}";
  };

  # No line of the text is bad; comments are none. The lines are told in its place: the text is often long.
  noLine =
    option: expected: bad:
    let
      lines =
        text:
        lib.filter (line: line != "" && !(lib.hasPrefix "#" line)) (
          map lib.trim (lib.splitString "\n" (if text == null then "" else text))
        );
      wrong = text: lib.filter bad (lines text);
      short = line: if lib.stringLength line > 100 then lib.substring 0 100 line + "…" else line;
    in
    {
      option = path option;
      inherit expected;
      test = found: wrong found == [ ];
      show = found: "wrong in ${lib.concatMapStringsSep ", " (line: "`${short line}`") (wrong found)}";
    };

  # Whatever `test` says; `expected` are the words for it.
  so = option: expected: test: {
    option = path option;
    inherit expected test;
  };
}
