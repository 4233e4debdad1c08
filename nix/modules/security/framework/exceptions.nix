# Written exceptions: the only way to have less than a control demands.
{ lib, ... }:
let
  inherit (lib) mkOption types genAttrs;
  date = types.strMatching "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])" // {
    description = "date as YYYY-MM-DD";
  };
  exception = types.submodule {
    options = {
      reason = mkOption {
        type = types.strMatching "(.|\n)*[^[:space:]](.|\n)*" // {
          description = "text";
        };
        description = "Why the host must do without, in words that convince whoever reads them next year.";
      };
      expires = mkOption {
        type = date;
        description = "Day after which `phoenix posture --fail-on expired` fails.";
      };
      since = mkOption {
        type = types.nullOr date;
        default = null;
        description = "Day it was granted. Without it, `phoenix posture` takes the day on which the lines were committed.";
      };
      options = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "services.openssh.settings.PasswordAuthentication" ];
        description = "The options that may differ. None means all that the control looks at.";
      };
    };
  };
in
{
  options.phoenix.security.exceptions = genAttrs (import ./names.nix) (
    name:
    mkOption {
      type = types.nullOr exception;
      default = null;
      description = "Why the control `${name}` may be weakened, and until when.";
    }
  );
}
