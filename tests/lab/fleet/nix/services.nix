# The units of a host, `{ file name = derivation; }`, as /etc/systemd/system has them.
{
  build,
  name,
  profile,
  settings,
  release,
  fault,
}:
let
  inherit (release) version;
  inherit (build) tools;

  unit =
    file: text:
    build.derive
      {
        name = "unit-${file}";
        inherit file text;
      }
      ''
        mkdir $out
        printf %s "$text" >$out/$file
      '';

  lines = builtins.concatStringsSep "\n";

  # The program of a release: 512 kB, of which one release has all but a few bytes in common with the next.
  program =
    service:
    build.derive
      {
        name = "lab-${service}-${version}";
        inherit service version tools;
      }
      ''
        mkdir -p $out/bin $out/lib
        for part in 0 1 2 3 4 5 6 7; do
          tail -c +$((1 + part * 65536)) $tools/bin/busybox | head -c 65500
          echo "lab-$service $version part $part"
        done >$out/lib/$service.so
        printf '#!%s/bin/sh\necho %s %s\n' $tools $service $version >$out/bin/lab-$service
        chmod +x $out/bin/lab-$service
      '';

  page =
    build.derive
      {
        name = "lab-${profile}-page-${version}";
        text = "${profile} ${name} ${version}";
        program = program profile;
      }
      ''
        mkdir $out
        echo "$text" >$out/index.html
        ln -s $program $out/program
      '';

  # Port taken or not, systemd knows once httpd has gone to the background.
  server = service: port: folder: {
    "lab-${service}.service" = unit "lab-${service}.service" ''
      [Unit]
      Description=The lab's ${service} service
      After=network.target

      [Service]
      Type=forking
      ${if fault ? page && service == profile then "ExecStartPre=${fault.page} lab-${service}" else ""}
      ExecStart=${tools}/bin/httpd -p ${toString port} -h ${folder}
    '';
  };

  metrics = build.derive { name = "lab-metrics-page"; } ''
    mkdir $out
    echo "lab_up 1" >$out/index.html
  '';

  companion =
    {
      name,
      changed ? [ ],
    }:
    let
      file = "lab-${profile}-${name}.service";
    in
    {
      ${file} = unit file ''
        [Unit]
        Description=The lab's ${profile} ${name}
        X-Restart-Triggers=${program "${profile}-${name}"}

        [Service]
        ExecStart=${tools}/bin/tail -f /dev/null
        ExecReload=${tools}/bin/echo reloaded for ${version}
        ${lines changed}
      '';
    };

  breaker = script: {
    "lab-fault.service" = unit "lab-fault.service" ''
      [Unit]
      Description=What is wrong with release ${version}

      [Service]
      Type=oneshot
      RemainAfterExit=yes
      ExecStart=${script} start
      ExecStop=${script} stop
    '';
  };

  services =
    server profile settings.port page
    // server "metrics" 9100 metrics
    // (if settings ? companion then companion settings.companion else { })
    // (if fault ? unit then breaker fault.unit else { });
in
services
// {
  "lab-system.target" = unit "lab-system.target" ''
    [Unit]
    Description=Everything that the lab's ${profile} hosts run
    Wants=${toString (builtins.attrNames services)}
  '';
}
