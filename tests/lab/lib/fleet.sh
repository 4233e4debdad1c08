# shellcheck shell=bash
# The fleet: a folder that the controller can deploy to the hosts that exist.

# fleet_write DIR: the test fleet, the busybox its packages are made of, the hosts' settings and their keys.
fleet_write() {
  local dir=$1 busybox name
  [[ -n $(hosts) ]] || usage_error "no host is up; start some with: lab up N"
  [[ -d $LAB_FLEET ]] || die "$LAB_FLEET is missing"
  busybox=$(static_busybox) || die "no static busybox here; install busybox-static"
  mkdir -p "$dir/bin" "$dir/hosts"
  cp -rT "$LAB_FLEET" "$dir"
  install -m 755 "$busybox" "$dir/bin/busybox"
  for name in $(hosts); do
    mkdir -p "$dir/hosts/$name"
    install -m 644 "$(host_dir "$name")/ssh_host_ed25519_key.pub" "$dir/hosts/$name/ssh_host_ed25519_key.pub"
  done
  fleet_toml >"$dir/fleet.toml"
}

fleet_toml() {
  local name profile sudo
  printf '[fleet]\nflake = "."\n\n[defaults.ssh]\nidentity_files = ["%s"]\n' "$LAB_KEY"
  for name in $(hosts); do
    profile=$(host_profile "$name")
    sudo=sudo
    [[ $(host_sudo "$name") != none ]] || sudo=none
    printf '\n[hosts.%s]\nprofile = "%s"\ntags = ["%s", "lab"]\naddresses = ["%s"]\n' \
      "$name" "$profile" "$profile" "$(host_address "$name")"
    printf '\n[hosts.%s.ssh]\nuser = "%s"\nport = 22\nsudo = "%s"\n' "$name" "$(host_user "$name")" "$sudo"
  done
}
