# settings SYSTEM: the effective values of all options of phoenix, and of all that the controls look at, as text. Two hosts
# are compared with `diff` on their settings.
{ lib, written }:
system:
let
  text =
    value:
    let
      all = lib.generators.toPretty { multiline = false; } (
        lib.generators.withRecursion {
          depthLimit = 6;
          throwOnDepthLimit = false;
        } value
      );
      tried = builtins.tryEval (builtins.deepSeq all all);
    in
    if tried.success then tried.value else "cannot be shown";

  own =
    map
      (option: {
        name = lib.showOption option.loc;
        value = text option.value;
      })
      (
        lib.filter (option: !(option.internal or false)) (lib.collect lib.isOption system.options.phoenix)
      );

  expected =
    expectation:
    let
      found = written.find system.options expectation.option;
    in
    {
      name = lib.showOption expectation.option;
      value =
        if expectation.show != null then
          "not shown"
        else
          text (lib.attrByPath found.rest null found.option.value);
    };
in
lib.listToAttrs (
  own
  ++ map expected (
    lib.concatMap (control: control.expect) (lib.attrValues system.config.phoenix.security.controls)
  )
)
