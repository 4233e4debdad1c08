# The packages of packages.toml: as large as the table says and with the references it names.
{ build, world }:
let
  table = builtins.fromTOML (builtins.readFile ../packages.toml);

  package =
    pname:
    {
      version,
      kb,
      needs ? [ ],
      # Read where the packages of a profile are chosen.
      # deadnix: skip
      profiles ? null,
    }:
    let
      name = "${pname}-${version}";
    in
    build.derive
      {
        inherit
          name
          pname
          version
          world
          ;
        inherit (build) tools;
        kilobytes = kb;
        shift = 1 + build.number 254 name;
        skip = 1 + build.number 900000 "${name} skip";
        needs = map (need: packages.${need}) needs;
      }
      (
        build.shiftBytes
        + ''
          mkdir -p $out/bin $out/lib $out/share/doc/$pname $out/nix-support
          echo "$needs" >$out/nix-support/propagated-build-inputs
          printf '#!%s/bin/sh\necho %s %s, world %s\n' $tools $pname $version "$world" >$out/bin/$pname-info
          chmod +x $out/bin/$pname-info

          awk -v seed=$shift$skip -v about=$pname 'BEGIN {
            srand(seed)
            words = split("host store path signal lease probe wave plan verdict journal link unit", word)
            for (line = 0; line < 60; line++) {
              text = about
              for (i = 0; i < 12; i++) text = text " " word[int(rand() * words) + 1]
              print text
            }
          }' >$out/share/doc/$pname/README

          part=0
          while [ $kilobytes -gt 0 ]; do
            size=$((kilobytes > 900 ? 900 : kilobytes))
            tail -c +$skip $tools/bin/busybox | head -c $((size * 1024)) | shift_bytes $((1 + (shift + part * 37) % 254)) \
              >$out/lib/$pname.so.$part
            kilobytes=$((kilobytes - size)) part=$((part + 1))
          done
        ''
      );

  packages = builtins.mapAttrs package table;

  has = profile: pname: builtins.elem profile (table.${pname}.profiles or [ profile ]);
in
{
  # Those which a host of fleet profile `profile` has in its path.
  ofProfile =
    profile: map (pname: packages.${pname}) (builtins.filter (has profile) (builtins.attrNames table));
}
