# The toplevel, as NixOS lays it out.
{
  build,
  name,
  release,
  fault,
  units,
  packages,
  kernel,
}:
let
  inherit (release) version;
  inherit (build) tools;

  script = file: build.script (../toplevel + "/${file}.sh");

  # The words of a list: one a line.
  words =
    file: builtins.replaceStrings [ "\n" ] [ " " ] (builtins.readFile (../toplevel + "/${file}"));

  etc =
    build.derive
      {
        name = "etc";
        unitNames = builtins.attrNames units;
        unitFiles = builtins.attrValues units;
        osRelease = ''
          ID=nixos
          NAME=NixOS
          PRETTY_NAME="NixOS ${version} (lab)"
          VERSION_ID="${version}"
        '';
        hostname = "${name}\n";
      }
      ''
        mkdir -p $out/etc/systemd/system
        set -- $unitNames
        for unit in $unitFiles; do
          ln -s $unit/$1 $out/etc/systemd/system/$1
          shift
        done
        printf %s "$osRelease" >$out/etc/os-release
        printf %s "$hostname" >$out/etc/hostname
      '';

  sw =
    build.derive
      {
        name = "system-path";
        inherit tools packages;
        bootctl = script "bootctl";
      }
      ''
        mkdir -p $out/bin
        printf %s "$bootctl" >$out/bin/bootctl
        chmod +x $out/bin/bootctl
        for tool in ${words "tools"}; do
          ln -s $tools/bin/$tool $out/bin/$tool
        done
        for tool in ${words "host-tools"}; do
          ln -s /usr/bin/$tool $out/bin/$tool
        done
        for package in $packages; do
          ln -s $package/bin/* $out/bin/
        done
      '';

  # A megabyte.
  payload =
    part:
    build.derive
      {
        name = "lab-payload-${name}-${toString part}";
        inherit (release) world;
        inherit (build) noise;
        shift = 1 + build.number 254 "${name} ${toString part}";
      }
      (
        build.shiftBytes
        + ''
          { echo "$name $world"; head -c 1048500 $noise; } | shift_bytes $shift >$out
        ''
      );
in
build.derive
  {
    name = "nixos-system-${name}-${version}";
    inherit version etc sw;
    kernel = kernel.image;
    kernelVersion = kernel.version;
    inherit (kernel) modules initrd;
    kernelParams = "console=ttyS0 loglevel=4";
    interface = fault.interface or "2";
    omit = fault.omit or "";
    platform = fault.platform or "x86_64-linux";
    inhibitors = builtins.toJSON (release.inhibitors or { });
    inherit (release) loader;
    seconds = release.build_seconds;
    check = fault.check or "";
    lock = fault.lock or "";
    activation = fault.activation or "";
    extra = (fault.needs or [ ]) ++ builtins.genList payload release.extra_mb;
    activate = script "activate";
    init = script "init";
    switch = script "switch-to-configuration";
    bootloader = script "install-bootloader";
  }
  ''
    sleep $seconds
    mkdir -p $out/bin
    write() {
      printf %s "$2" >$out/$1
      chmod +x $out/$1
    }
    write activate "$activate"
    write init "$init"
    write bin/switch-to-configuration "$switch"
    write bin/install-bootloader "$bootloader"
    [ -z "$lock" ] || ln -s $lock $out/lock-fault
    [ -z "$check" ] || ln -s $check $out/pre-switch-check
    [ -z "$activation" ] || ln -s $activation $out/activation-fault

    ln -s $etc/etc $out/etc
    ln -s $sw $out/sw
    ln -s $kernel/bzImage $out/kernel
    ln -s $modules $out/kernel-modules
    ln -s $initrd/initrd $out/initrd
    printf %s "$version" >$out/nixos-version
    printf %s "$kernelParams" >$out/kernel-params
    printf %s "$interface" >$out/init-interface-version
    printf %s "$platform" >$out/system
    printf '%s\n' "$inhibitors" >$out/switch-inhibitors
    [ "$loader" != none ] || touch $out/no-boot-loader
    printf %s "" >$out/configuration-name
    printf %s "$extra" >$out/extra-dependencies

    cat >$out/boot.json <<EOF
    {
      "org.nixos.bootspec.v1": {
        "init": "$out/init",
        "initrd": "$initrd/initrd",
        "kernel": "$kernel/bzImage",
        "kernelParams": ["console=ttyS0", "loglevel=4"],
        "label": "NixOS $version (Linux $kernelVersion)",
        "system": "$platform",
        "toplevel": "$out"
      },
      "org.nixos.specialisation.v1": {}
    }
    EOF
    [ -z "$omit" ] || rm $out/$omit
  ''
