# One derivation, built by busybox: its attributes are the script's environment.
{ busybox }:
let
  derive =
    attributes: script:
    derivation (
      attributes
      // {
        system = "x86_64-linux";
        builder = "${busybox}/busybox";
        args = [
          "sh"
          "-euc"
          script
        ];
      }
    );
in
rec {
  inherit derive;

  # The shell and tools of everything that runs on a host.
  tools =
    derive
      {
        name = "busybox-1.35.0";
        inherit busybox;
      }
      ''
        mkdir -p $out/bin
        cp $busybox/busybox $out/bin/
        for tool in $(busybox --list); do
          [ $tool = busybox ] || ln -s busybox $out/bin/$tool
        done
      '';

  # The text of a script, which is to run in the store's shell.
  script =
    file: builtins.replaceStrings [ "#!/bin/sh" ] [ "#!${tools}/bin/sh" ] (builtins.readFile file);

  # A mebibyte that nothing can compress.
  noise = derive { name = "lab-noise"; } ''
    awk 'BEGIN {
      srand(7)
      letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      for (i = 0; i < 4096; i++) pair[i] = substr(letters, int(i / 64) + 1, 1) substr(letters, i % 64 + 1, 1)
      for (i = 0; i < 350000; i++) printf "%s%s%s", pair[int(rand() * 4096)], pair[int(rand() * 4096)], i % 18 == 17 ? "\n" : ""
    }' | base64 -d >$out
  '';

  # For scripts: `shift_bytes N` adds N to each byte, so that equal bytes become other ones which compress the same.
  shiftBytes = ''
    shift_bytes() {
      tr '\000-\377' "$(printf '\\%03o-\\377\\000-\\%03o' "$1" "$(($1 - 1))")"
    }
  '';

  # A number below `limit` that follows from `text` alone.
  number =
    limit: text:
    let
      digits = builtins.substring 0 7 (builtins.hashString "sha256" text);
      inherit (builtins.fromTOML "value = 0x${digits}") value;
    in
    value - limit * (value / limit);
}
