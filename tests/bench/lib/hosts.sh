# shellcheck shell=bash
# The hosts that are deployed to, and what is counted on them.
# shellcheck disable=SC2034 # ADDRESSES is read in the other parts

lab() { "$ROOT/tests/lab/lab" "$@" 2>>"$WORK/lab.log"; }

# hosts_fresh: COUNT hosts that no deployment has reached, and a fleet for them. Sets HOSTS, ADDRESSES and what
# `lab env` says.
hosts_fresh() {
  lab down
  lab up "$COUNT"
  eval "$(lab env)"
  read -ra HOSTS <<<"$PHOENIX_LAB_HOSTS"
  declare -gA ADDRESSES=()
  local name address
  while read -r name address; do
    ADDRESSES[$name]=$address
  done < <(lab list --json | jq -r '.[] | "\(.name) \(.address)"')
  rm -rf "$FLEET"
  lab fleet "$FLEET"
}

# order VERSION [MORE]: what release.toml orders for every host, and MORE for single ones. Builds it: building takes
# Nix as long for everybody, so no time here has it in it.
order() {
  printf '[default]\nversion = "%s"\n%s\n' "$1" "${2-}" >"$FLEET/release.toml"
  timed "$WORK/build" 0 phoenix build --all
}

# The logins that the host's sshd has accepted.
logins() { lab sshlog "$1" | grep -c 'Accepted publickey' || true; }

# The bytes that went over the host's network link, in both directions.
link_bytes() {
  lab root "$1" cat /proc/net/dev | awk '$1 == "eth0:" { printf "%.0f\n", $2 + $10 }'
}

# counters_start: remembers what every host has counted so far.
counters_start() {
  local name
  declare -gA LOGINS_BEFORE=() BYTES_BEFORE=()
  for name in "${HOSTS[@]}"; do
    LOGINS_BEFORE[$name]=$(logins "$name")
    BYTES_BEFORE[$name]=$(link_bytes "$name")
  done
}

# record_logins KEY: for each host, the logins since counters_start.
record_logins() {
  local name
  for name in "${HOSTS[@]}"; do
    record "$1" "$(($(logins "$name") - LOGINS_BEFORE[$name]))"
  done
}

# record_link_megabytes KEY: over all links together, since counters_start.
record_link_megabytes() {
  local name sum=0
  for name in "${HOSTS[@]}"; do
    sum=$((sum + $(link_bytes "$name") - BYTES_BEFORE[$name]))
  done
  record "$1" "$(awk -v bytes="$sum" 'BEGIN { printf "%.1f\n", bytes / 1e6 }')"
}

# require_running HOST SYSTEM: ends the measurement when the host runs something else.
require_running() {
  local running
  running=$(lab root "$1" readlink -f /run/current-system)
  [[ $running == "$2" ]] || die "$1 runs $running and not $2"
}
