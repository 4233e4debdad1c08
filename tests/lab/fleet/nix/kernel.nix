# A kernel, its modules, and the initrd: bytes that nothing can compress, as theirs are compressed already.
{ build, version }:
let
  noise = build.noise;
  image =
    name: kilobytes: file:
    build.derive
      {
        inherit
          name
          kilobytes
          file
          noise
          ;
        shift = 1 + build.number 254 name;
      }
      (
        build.shiftBytes
        + ''
          mkdir -p $(dirname $out/$file)
          while [ $kilobytes -gt 0 ]; do
            size=$((kilobytes > 1000 ? 1000 : kilobytes))
            head -c $((size * 1024)) $noise | shift_bytes $shift
            kilobytes=$((kilobytes - size)) shift=$((1 + (shift + 37) % 254))
          done >$out/$file
        ''
      );
in
{
  inherit version;
  image = image "linux-${version}" 3000 "bzImage";
  modules = image "linux-${version}-modules" 2500 "lib/modules/${version}/kernel/drivers.ko.xz";
  initrd = image "initrd-linux-${version}" 2000 "initrd";
}
