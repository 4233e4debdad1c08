# Compares the finished system with what the controls expect. What differs and has no exception fails the evaluation;
# all of it is told to `phoenix posture`.
{
  config,
  options,
  lib,
  phoenix,
  ...
}:
let
  inherit (lib)
    mkOption
    types
    concatMap
    concatMapStringsSep
    filter
    optional
    ;
  names = import ./names.nix;
  gone = lib.subtractLists (lib.attrNames security.controls) names;
  security = config.phoenix.security;
  inherit (phoenix.written) find winners;

  places =
    found:
    let
      files = map (each: each.file) (winners found);
    in
    # A set that everybody adds to tells nothing by its writers.
    if files == [ ] then
      [ "NixOS" ]
    else if lib.length (lib.unique files) > 5 then
      [ "many files" ]
    else
      lib.unique files;

  # Long values are cut: the place where they were written is told beside them.
  short = text: if lib.stringLength text > 160 then lib.substring 0 160 text + "…" else text;

  finding =
    expectation:
    let
      found = find options expectation.option;
      value = lib.attrByPath found.rest null found.option.value;
    in
    if !(found ? option) then
      throw "phoenix expects something of the option ${lib.showOption expectation.option}, which this NixOS does not have"
    else if expectation.test value then
      [ ]
    else
      [
        {
          option = lib.showOption expectation.option;
          inherit (expectation) expected;
          found =
            if expectation.show != null then
              expectation.show value
            else if value == null then
              "not set"
            else
              short (lib.generators.toPretty { multiline = false; } value);
          files = places found;
        }
      ];

  judge =
    name: control:
    let
      # A fleet's own control has none.
      exception = security.exceptions.${name} or null;
      findings = if control.applies then concatMap finding control.expect else [ ];
      open =
        if exception == null then
          findings
        else
          filter (each: exception.options != [ ] && !(lib.elem each.option exception.options)) findings;
    in
    {
      control = name;
      inherit (control) title;
      inherit findings open;
      state =
        if !control.applies then
          "inapplicable"
        else if findings == [ ] then
          "held"
        else if open == [ ] then
          "excepted"
        else
          "weakened";
      why = if control.applies then null else control.why;
      exception =
        if exception == null then
          null
        else
          {
            inherit (exception) reason expires since;
            file = lib.head (exceptionPlaces name ++ [ null ]);
          };
    };

  exceptionPlaces =
    name:
    let
      path = [
        "phoenix"
        "security"
        "exceptions"
        name
        "reason"
      ];
    in
    map (each: each.file) (winners (find options path));

  # The controls that phoenix has are not for hosts and profiles to change: they have exceptions for that.
  here = toString ../. + "/";
  redefined =
    lib.concatMap
      (
        each:
        map (control: {
          inherit (each) file;
          inherit control;
        }) (lib.intersectLists names (lib.attrNames each.value))
      )
      (
        filter (
          each: !(lib.hasPrefix here (toString each.file))
        ) options.phoenix.security.controls.definitionsWithLocations
      );

  judged = lib.mapAttrsToList judge security.controls;

  message = each: ''
    ${config.phoenix.host.name} weakens the control `${each.control}` (${each.title}):
    ${concatMapStringsSep "\n" (it: ''
      ${"  "}${it.option} is ${it.found}, must be ${it.expected}
      ${"    "}set in ${lib.concatStringsSep ", " it.files}'') each.open}
    Take that back, or write down why it must be so and until when:
      phoenix.security.exceptions.${each.control} = {
        reason = "…";
        expires = "YYYY-MM-DD";
      };'';
in
{
  options.phoenix.posture = mkOption {
    type = types.raw;
    internal = true;
    readOnly = true;
    description = "What `phoenix posture` shows of this host.";
  };

  config.phoenix.posture = map (each: removeAttrs each [ "open" ]) judged;

  config.assertions =
    map (each: {
      # An exception is read whole, also where it is not needed: a mistake in it must not come out later.
      assertion = builtins.deepSeq (security.exceptions.${each.control} or null) (
        each.state != "weakened"
      );
      message = message each;
    }) judged
    ++ map (each: {
      assertion = false;
      message = "${config.phoenix.host.name}: ${phoenix.place each.file} changes what the control `${each.control}` demands. Take that back; phoenix.security.exceptions.${each.control} is for hosts that cannot hold it.";
    }) redefined
    ++ [
      {
        assertion = gone == [ ];
        message = "${config.phoenix.host.name}: phoenix.security.controls is replaced as a whole, and lacks ${lib.concatStringsSep ", " gone}. Take that back.";
      }
    ];

  config.warnings = concatMap (
    each:
    optional (each.exception != null && each.state == "held")
      "${config.phoenix.host.name} has an exception for the control `${each.control}` that it does not need${
        lib.optionalString (each.exception.file != null) " (${each.exception.file})"
      }; take it out."
  ) judged;
}
