# shellcheck shell=bash
# The systems that are copied: the lab's, with more packages and, where that is the case, many tiny paths.

# closures_make: makes a fleet for this of the lab's. All its hosts are of one fleet profile, and root logs in everywhere.
closures_make() {
  cp "$BENCH/closures/flake.nix" "$FLEET/flake.nix"
  cp "$BENCH/closures/tiny.nix" "$FLEET/nix/tiny.nix"
  more_packages >>"$FLEET/packages.toml"
  fleet_toml
}

# 170 packages of 880 kB on average, each of which refers to earlier ones.
more_packages() {
  local number needs
  printf '\n'
  for ((number = 1; number <= 170; number++)); do
    needs='"glibc"'
    ((number < 8)) || needs+=", \"more-$((number / 2))\", \"more-$((number - 7))\""
    printf 'more-%d = { version = "1.%d", kb = %d, needs = [%s] }\n' "$number" "$number" \
      "$((60 + number * 811 % 1640))" "$needs"
  done
}

# fleet_toml: the fleet as its hosts are reached now.
fleet_toml() {
  local name
  {
    printf '[fleet]\nflake = "."\n\n[defaults.copy]\nengine = "phoenix"\n\n'
    printf '[defaults.ssh]\nuser = "root"\nsudo = "none"\nidentity_files = ["%s"]\n' "$PHOENIX_LAB_KEY"
    for name in "${HOSTS[@]}"; do
      printf '\n[hosts.%s]\nprofile = "web"\naddresses = ["%s:%s"]\n' "$name" "${TARGET_ADDRESSES[$name]}" "$TARGET_PORT"
    done
  } >"$FLEET/fleet.toml"
}

# systems_order KEY=VALUE…: orders it for all hosts, and builds it. Sets SYSTEMS.
systems_order() {
  local name installables=()
  printf '[default]\n' >"$FLEET/release.toml"
  printf '%s\n' "$@" >>"$FLEET/release.toml"
  for name in "${HOSTS[@]}"; do
    installables+=("path:$FLEET#nixosConfigurations.$name.config.system.build.toplevel")
  done
  timed "$WORK/build" 0 nix build --no-link --json "${installables[@]}"
  declare -gA SYSTEMS=()
  for name in "${HOSTS[@]}"; do
    SYSTEMS[$name]=$(jq -er --arg name "-nixos-system-$name-" '.[].outputs.out | select(contains($name))' "$WORK/build")
  done
}

# closure_of SYSTEM: its paths.
closure_of() { nix-store --query --requisites "$1" | sort; }

# closures_note: for each host, notes the paths that it must have afterwards, and those of them that it must not have
# before: the ones which are not in what had_by names.
closures_note() {
  local name
  for name in "${HOSTS[@]}"; do
    closure_of "${SYSTEMS[$name]}" >"$(all_of "$name")"
    comm -23 "$(all_of "$name")" "$(had_by "$name")" >"$(new_of "$name")"
  done
}

# closures_had: what is ordered now is what the hosts have before the cases that follow.
closures_had() {
  local name
  for name in "${HOSTS[@]}"; do
    closure_of "${SYSTEMS[$name]}" >"$(had_by "$name")"
  done
}

all_of() { printf '%s/%s.all\n' "$WORK" "$1"; }
new_of() { printf '%s/%s.new\n' "$WORK" "$1"; }
had_by() { printf '%s/%s.had\n' "$WORK" "$1"; }

# on_hosts FUNCTION: for all hosts at once.
on_hosts() {
  local name jobs=() job failed=0
  for name in "${HOSTS[@]}"; do
    "$1" "$name" &
    jobs+=("$!")
  done
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  ((!failed)) || die "$1 failed"
}

# Takes from the host all that is in nothing it runs, and makes sure that it lacks what shall be copied.
host_reset() {
  local left
  lab root "$1" nix-store --gc --quiet >/dev/null
  left=$(comm -23 "$(new_of "$1")" <(host_lacks "$1" "$(new_of "$1")" | sort))
  [[ -z $left ]] || die "$1 still has $(head -n 3 <<<"$left")"
}

# Makes sure that the host has the whole closure.
host_verify() {
  local lacks
  lacks=$(host_lacks "$1" "$(all_of "$1")")
  [[ -z $lacks ]] || die "$1 lacks $(head -n 3 <<<"$lacks")"
}

# host_lacks HOST FILE: those of the paths in the file that are not valid in its store.
host_lacks() {
  lab root "$1" xargs --no-run-if-empty nix-store --check-validity --print-invalid <"$2"
}
