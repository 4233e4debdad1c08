# What a control is made of.
{ lib, ... }:
let
  inherit (lib) mkOption types genAttrs;
  names = import ./names.nix;

  expectation = types.submodule {
    options = {
      option = mkOption {
        type = types.listOf types.str;
        description = "Path of a NixOS option, or of a value inside of one.";
      };
      expected = mkOption {
        type = types.str;
        description = "What the value must be, as people read it.";
      };
      show = mkOption {
        type = types.raw;
        default = null;
        description = "Function of the value: its text in messages. Null shows the value itself.";
      };
      test = mkOption {
        type = types.raw;
        description = "Function of the value: whether it is so. An absent value is null.";
      };
    };
  };

  control = types.submodule {
    options = {
      title = mkOption {
        type = types.str;
        description = "What the control is about.";
      };
      applies = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the host has what the control is about.";
      };
      why = mkOption {
        type = types.str;
        default = "";
        description = "Why it does not apply, where it does not.";
      };
      expect = mkOption {
        type = types.listOf expectation;
        default = [ ];
        description = "What must hold in the finished system, whoever set it.";
      };
    };
  };
in
{
  options.phoenix.security = {
    controls = mkOption {
      type = types.attrsOf control;
      internal = true;
      description = "The controls and what they expect.";
    };
  }
  // genAttrs names (name: {
    enable = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the control `${name}` is in force. Taking it out of force needs `phoenix.security.exceptions.${name}`.";
    };
  });

  # Words for what a control expects; controls have them as the argument `expect`.
  config._module.args.expect = import ./expect.nix { inherit lib; };

  config.phoenix.security.controls = genAttrs names (name: {
    expect = [
      {
        option = [
          "phoenix"
          "security"
          name
          "enable"
        ];
        expected = "true";
        test = value: value;
      }
    ];
  });
}
