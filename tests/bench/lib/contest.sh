# shellcheck shell=bash
# The contestants, and one measured copy by one of them.

CONTESTANTS=(phoenix ssh ssh-ng)
# Seconds: a copy path by path over a long line takes many minutes.
LIMIT=3600

# contest RUN CASE: every contestant copies what is ordered now, from the same start; who begins changes with the run.
contest() {
  local run=$1 case=$2 turn contestant
  for turn in "${!CONTESTANTS[@]}"; do
    contestant=${CONTESTANTS[(turn + run) % ${#CONTESTANTS[@]}]}
    [[ $case == nothing ]] || on_hosts host_reset
    sync
    say "$COUNT hosts, $LINK, $case, run $run: $contestant"
    measure "$contestant" "$LINK.$case.$contestant"
    on_hosts host_verify
  done
}

# measure CONTESTANT KEY: lets it copy, and records what that cost.
measure() {
  local contestant=$1 key=$2 cpu bytes
  cpu=$(hosts_cpu_millis) bytes=$(hosts_link_bytes)
  case $contestant in
    phoenix) copy_by_phoenix ;;
    *) copy_by_loop "$contestant" ;;
  esac
  # What the hosts do after the last answer is theirs, too.
  sleep 0.3
  record "$key.host-cpu" "$(thousandths $(($(hosts_cpu_millis) - cpu)))"
  record "$key.wire" "$(megabytes $(($(hosts_link_bytes) - bytes)))"
  record "$key.wall" "$(thousandths "$(metered wall-millis)")"
  record "$key.cpu" "$(thousandths "$(metered cpu-millis)")"
  record "$key.memory" "$(megabytes $(($(metered memory-kb) * 1024)))"
  if [[ $contestant == phoenix ]]; then
    record "$key.read" "$(megabytes "$(metered read-bytes)")"
    record "$key.stage" "$(copy_stages)"
  else
    record "$key.read" "$(megabytes "$(metered reader-bytes)")"
  fi
}

copy_by_phoenix() {
  local run
  timed "$WORK/copy" 0 meter phoenix "$PHOENIX" --fleet "$FLEET/fleet.toml" --json deploy --all --yes --until copy
  run=$(jq -r 'select(.event == "run-started").run' "$WORK/copy")
  JOURNAL=$HOME/.local/state/phoenix/runs/$run/events.jsonl
  [[ -s $JOURNAL ]] || die "$JOURNAL is missing"
}

copy_by_loop() {
  local name
  for name in "${HOSTS[@]}"; do
    printf '%s %s %s %s\n' "${ADDRESSES[$name]}" "${TARGET_ADDRESSES[$name]}" "$TARGET_PORT" "${SYSTEMS[$name]}"
  done >"$WORK/targets"
  timed "$WORK/copy" 0 meter nix "$BENCH/loop" "$1" "$PHOENIX_LAB_KEY" "$PHOENIX_LAB_KNOWN_HOSTS" <"$WORK/targets"
}

# meter READER COMMAND…: the command's cost is what `metered` says then.
meter() { "$WORK/meter" "$WORK/metered" "$(cgroups)/phoenix-bench$PHOENIX_LAB_NUMBER" "$LIMIT" "$@"; }

metered() { awk -v name="$1" '$1 == name { print $2 }' "$WORK/metered"; }

# Where cgroup2 is; the lab mounts it where it is nowhere.
cgroups() { findmnt --noheadings --first-only --types cgroup2 --output TARGET; }

# The processor time that all hosts together have used so far.
hosts_cpu_millis() {
  local name
  for name in "${HOSTS[@]}"; do
    cat "$(cgroups)/phoenix-lab${PHOENIX_LAB_NUMBER#1}/$name/cpu.stat"
  done | awk '$1 == "usage_usec" { sum += $2 } END { printf "%.0f\n", sum / 1000 }'
}

# The bytes that went over all hosts' links so far, in both directions.
hosts_link_bytes() { hosts_sum link_bytes; }

# hosts_sum FUNCTION: the sum of what it says of each host.
hosts_sum() {
  local name sum=0
  for name in "${HOSTS[@]}"; do
    sum=$((sum + $("$1" "$name")))
  done
  printf '%s\n' "$sum"
}

# Seconds from the first host's entry into the copy stage until the last has left it.
copy_stages() {
  jq -s 'map(select(.stage == "copy"))
    | (map(select(.event == "stage-finished").at) | max) - (map(select(.event == "stage-started").at) | min)
    | . / 1000' "$JOURNAL"
}

thousandths() { millis_to_seconds "$1"; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.3f\n", bytes / 1e6 }'; }
