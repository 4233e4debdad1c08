# shellcheck shell=bash
# The cases of copying, and what hosts have and run before each.

# The text of a case in the report; fails for one that there is not.
case_text() {
  case $1 in
    cold) echo "cold" ;;
    tiny) echo "3,000 tiny paths" ;;
    nothing) echo "nothing to do" ;;
    small) echo "one small change" ;;
    rebuild) echo "all rebuilt" ;;
    bump) echo "new versions" ;;
    compressed) echo "new packages" ;;
    stalled) echo "cold, and one host stalls" ;;
    killed) echo "cold, and phoenix is killed" ;;
    kept) echo "nothing to do, on a connection that is there" ;;
    *) return 1 ;;
  esac
}

# measure_copies: all that was asked for, with COUNT hosts.
measure_copies() {
  hosts_fresh
  link_use plain
  closures_make
  systems_order 'version = "1.0"'
  phoenix adopt --all --yes >/dev/null
  local case
  for case in cold stalled killed; do
    ! wanted "$case" || "case_$case"
  done
  hosts_settle 'version = "1.0"'
  for case in tiny nothing kept small rebuild compressed bump; do
    ! wanted "$case" || "case_$case"
  done
  line_stop
}

# wanted CASE
wanted() { [[ " ${CASES[*]} " == *" $1 "* ]]; }

# The hosts run what they were made with, and have nothing else.
case_cold() {
  nothing_had
  on_links cold
}

nothing_had() {
  local name
  for name in "${HOSTS[@]}"; do
    : >"$(had_by "$name")"
  done
}

# hosts_settle KEY=VALUE…: from here on the hosts run such a system of the fleet, like any that was deployed to before.
hosts_settle() {
  link_use plain
  fleet_toml
  systems_order "$@"
  closures_had
  phoenix_deploy 0
  require_outcomes confirmed
}

case_tiny() {
  systems_order 'version = "1.0"' 'tiny_hundreds = 30'
  on_links tiny
}

# Another system than the one that they run, which they have already: it has to be found out that nothing is missing.
case_nothing() {
  nothing_to_do
  on_links nothing
}

nothing_to_do() {
  systems_order 'version = "1.1"'
  link_use plain
  fleet_toml
  copy_by_loop ssh-ng
}

case_small() {
  systems_order 'version = "1.1"'
  on_links small
}

case_rebuild() {
  systems_order 'version = "1.0"' 'world = "b"'
  on_links_differences rebuild
}

# on_links CASE [FUNCTION]: over every link, as often as asked for; a contest, or what the function does with RUN and CASE.
on_links() {
  local case=$1 once=${2-contest} run
  closures_note
  record_sizes "$case"
  # shellcheck disable=SC2153 # LINKS are those asked for, LINK is the present one
  for LINK in "${LINKS[@]}"; do
    link_use "$LINK"
    fleet_toml
    for ((run = 1; run <= RUNS; run++)); do
      "$once" "$run" "$case"
    done
  done
}

# record_sizes CASE: how much one host gets.
record_sizes() {
  local host=${HOSTS[0]}
  record "$1.paths" "$(wc -l <"$(new_of "$host")")"
  record "$1.bytes" "$(megabytes "$(nar_bytes "$(new_of "$host")")")"
}

# nar_bytes FILE: of the paths in it.
nar_bytes() {
  xargs --no-run-if-empty nix-store --query --size <"$1" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}
