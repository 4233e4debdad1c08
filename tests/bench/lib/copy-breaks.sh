# shellcheck shell=bash
# The cases of copying in which something breaks or stalls, and what asking costs over a connection that is there.
# shellcheck disable=SC2153 # COUNT, LINK and LINKS are the measurement's, not misspelt

# What is in the way of one host: its daemon is stopped, or its link carries next to nothing.
STALLS=(stopped trickle)
TRICKLE=1mbit

# The last host is the one that stalls. Without another there is nobody to look at.
case_stalled() {
  ((COUNT > 1)) || return 0
  STALLED=${HOSTS[-1]}
  nothing_had
  on_links stalled stalled
}

# stalled RUN CASE: how long the others take for a cold copy, with the last host well and with it stalled; what begins
# changes with the run.
stalled() {
  local run=$1 case=$2 turn way stall ways=(well "${STALLS[@]}")
  local -A took=()
  for turn in "${!ways[@]}"; do
    way=${ways[(turn + run) % ${#ways[@]}]}
    on_hosts host_reset
    sync
    say "$COUNT hosts, $LINK, $case, run $run: $way"
    stall "$way" &
    stall=$!
    copy_by_phoenix
    wait "$stall" || die "$STALLED did not stall"
    took[$way]=$(others_stage)
    record "$LINK.$case.$way" "${took[$way]}"
    on_hosts host_verify
  done
  for way in "${STALLS[@]}"; do
    record "$LINK.$case.$way.ratio" "$(quotient "${took[$way]}" "${took[well]}")"
  done
}

# stall WAY: in the midst of the copy, until all other hosts are through. The looking costs them little, and as much when
# all are well.
stall() {
  local way=$1 before tries=0
  before=$(sent_to "$STALLED")
  until (($(sent_to "$STALLED") - before > 8000000)); do
    sleep 0.1
    ((++tries < 6000)) || return 1
  done
  "stall_$way"
  until (($(others_through) == COUNT - 1)); do
    sleep 1
    ((++tries < 6000)) || return 1
  done
  [[ $way == well || -z $(jq -c --arg host "$STALLED" "$THROUGH and .host == \$host)" "$WORK/copy") ]] || return 1
  "go_on_$way"
}

stall_well() { :; }
go_on_well() { :; }
stall_stopped() { lab root "$STALLED" pkill --signal STOP --full '[n]ix-daemon --stdio'; }
go_on_stopped() { lab root "$STALLED" pkill --signal CONT --full '[n]ix-daemon --stdio'; }
stall_trickle() { rate_limit "$STALLED" "$TRICKLE"; }
go_on_trickle() {
  case $LINK in
    200mbit | 20mbit) rate_limit "$STALLED" "$LINK" ;;
    *) rate_none "$STALLED" ;;
  esac
}

THROUGH='select(.event == "stage-finished" and .stage == "copy"'

# How many hosts but the stalled one are through. Nothing may be there yet, or half a line.
others_through() {
  { jq -c --arg host "$STALLED" "$THROUGH and .host != \$host)" "$WORK/copy" 2>/dev/null || true; } | wc -l
}

# Seconds from the first host's entry into the copy stage until the last but the stalled one has left it.
others_stage() {
  jq -s --arg host "$STALLED" 'map(select(.stage == "copy" and .host != $host))
    | (map(select(.event == "stage-finished").at) | max) - (map(select(.event == "stage-started").at) | min)
    | . / 1000' "$JOURNAL"
}

case_killed() {
  nothing_had
  on_links killed killed
}

# killed RUN CASE: what a cold copy sends, and what it sends in all when phoenix is killed half-way and begins again.
killed() {
  local run=$1 case=$2 before whole all
  on_hosts host_reset
  say "$COUNT hosts, $LINK, $case, run $run"
  before=$(sent_to_all)
  copy_by_phoenix
  whole=$(($(sent_to_all) - before))
  on_hosts host_reset
  before=$(sent_to_all)
  killed_after $((before + whole / 2))
  copy_by_phoenix
  all=$(($(sent_to_all) - before))
  on_hosts host_verify
  record "$LINK.$case.whole" "$(megabytes "$whole")"
  record "$LINK.$case.again" "$(megabytes $((all - whole)))"
  record "$LINK.$case.part" "$(quotient $((all - whole)) "$whole")"
}

# killed_after BYTES: starts phoenix, and kills it when so many have gone to the hosts.
killed_after() {
  local pid
  "$PHOENIX" --fleet "$FLEET/fleet.toml" --json deploy --all --yes --until copy >"$WORK/killed" 2>&1 &
  pid=$!
  while (($(sent_to_all) < $1)); do
    kill -0 "$pid" || die "phoenix ended before it could be killed: $(tail -n 1 "$WORK/killed")"
    sleep 0.05
  done
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null || true
  on_hosts host_settles
}

# Waits until nothing on the host receives any more.
host_settles() {
  lab root "$1" timeout 60 sh -c \
    "while pgrep --full '[p]hoenix-agent receive|[n]ix-daemon --stdio' >/dev/null; do sleep 0.1; done"
}

# Another system than the one that they run, which they have: what asking costs over a connection that is there.
case_kept() {
  nothing_to_do
  on_links kept kept
}

# kept RUN CASE
kept() {
  local took
  say "$COUNT hosts, $LINK, $2, run $1"
  measure phoenix "$LINK.$2.phoenix"
  took=$(longest_stage)
  record "$LINK.$2.longest" "$took"
  measure ssh-ng "$LINK.$2.ssh-ng"
  record "$LINK.$2.ratio" "$(quotient "$took" "$(thousandths "$(metered wall-millis)")")"
}

# Seconds of the copy stage that took a host longest: hosts do not enter it at the same time.
longest_stage() {
  jq -s 'map(select(.event == "stage-finished" and .stage == "copy").millis) | max / 1000' "$JOURNAL"
}

# sent_to HOST: bytes that went over its link to it so far.
sent_to() {
  local bytes
  read -r bytes <"/sys/class/net/$(link_device "$1")/statistics/tx_bytes"
  printf '%s\n' "$bytes"
}

sent_to_all() { hosts_sum sent_to; }

# quotient A B [DIGITS]
quotient() { awk -v a="$1" -v b="$2" -v digits="${3-3}" 'BEGIN { printf "%.*f\n", digits, a / b }'; }

# copy_report_breaks COUNT: what these cases came to.
copy_report_breaks() {
  local count=$1
  if wanted stalled && ((count > 1)); then
    printf '\n| link | cold copy, until all but one host are through | that one is stopped | its link is a trickle |\n'
    printf '|---|---|---|---|\n'
    break_rows "$count" stalled well stopped trickle
  fi
  if wanted killed; then
    printf '\n| link | cold copy, MB to the hosts | MB that went twice after a kill half-way | part of the whole |\n|---|---|---|---|\n'
    break_rows "$count" killed whole again part
  fi
  if wanted kept; then
    printf '\n| link | nothing to do: phoenix, longest copy stage | nix copy, ssh-ng:// | ratio |\n|---|---|---|---|\n'
    break_rows "$count" kept longest ssh-ng.wall ratio
  fi
  if wanted kept || { wanted stalled && ((count > 1)); }; then
    copy_report_goals "$count"
  fi
}

# break_rows COUNT CASE KEY…: a row for each link.
break_rows() {
  local count=$1 case=$2 link key
  shift 2
  for link in "${LINKS[@]}"; do
    printf '| %s |' "$(link_text "$link")"
    for key in "$@"; do
      printf ' %s |' "$(spread "$count" "$link.$case.$key" 3)"
    done
    printf '\n'
  done
}

copy_report_goals() {
  local count=$1 link way
  printf '\n| goal | measured | goal | every time |\n|---|---|---|---|\n'
  for link in "${LINKS[@]}"; do
    if wanted stalled && ((count > 1)); then
      for way in "${STALLS[@]}"; do
        goal_row "$count" "the others, one $way / all well, $(link_text "$link")" "$link.stalled.$way.ratio" 1.05 "" 3
      done
    fi
    ! wanted kept || goal_row "$count" "nothing to do / nix copy, $(link_text "$link")" "$link.kept.ratio" 0.25 "" 3
  done
}
