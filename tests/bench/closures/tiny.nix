# Derivations of a hundred paths each: 99 files of a line, of which ten refer to one another like the links of a chain, and
# the file that names them all.
{ build, hundreds }:
let
  file = number: "p${if number < 10 then "0" else ""}${toString number}";
  files = builtins.genList (number: file (number + 1)) 99;

  hundred =
    number:
    build.derive
      {
        name = "tiny-${toString number}";
        outputs = [ "out" ] ++ files;
        inherit (build) tools;
      }
      ''
        before=$tools
        for file in $outputs; do
          eval path=\$$file
          [ $file != out ] || continue
          case $file in *0) before=$tools ;; esac
          echo "$name $file after $before" >$path
          before=$path
        done
        env | sed -n 's/^p[0-9][0-9]=//p' | sort >$out
      '';
in
builtins.genList hundred hundreds
