# shellcheck shell=bash
# docs/benchmarks.md, from the results. The text says what was measured and how; the figures are filled in.

report() {
  local count
  report_head
  report_machine
  for count in "${COUNTS[@]}"; do
    printf '\n## %s hosts\n\n' "$count"
    report_times "$count"
    printf '\n'
    report_goals "$count"
  done
  report_method
}

report_head() {
  cat <<'END'
---
id: benchmarks
title: Benchmarks
summary: How long deployments take on the lab's hosts, beside a plain loop around Nix's own tools.
tags: [overview, performance]
related: [architecture, guide/ssh]
---

# Benchmarks

Made on the machine below by

    scripts/build && tests/bench/deploy --write

which needs root and takes a few minutes. No check runs it: a time depends on the machine and on what else runs there.
END
}

report_machine() {
  local cpu memory
  cpu=$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
  memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo)
  cat <<END

| | |
|---|---|
| date | $(date -u +%F) |
| processor | ${cpu:-unknown}, $(nproc) cores for the workstation and all hosts together |
| memory | $memory |
| kernel | $(uname -sr) |
| phoenix | $("$PHOENIX" --version), $(report_build) |
| Nix here | $(nix --version) |
| Nix on the hosts | $(lab root web1 nix --version) |
| load before the first run | $LOAD_BEFORE |
| runs | $RUNS; each figure is the median (smallest..largest) |
END
}

report_build() {
  if [[ $PHOENIX == "$RELEASED" ]]; then
    echo "built by \`scripts/build\`"
  else
    echo "**not** what \`scripts/build\` makes here: these figures are a trial"
  fi
}

# times_row COUNT TEXT KEY PEER-KEY
times_row() {
  printf '| %s | %s | %s | %s |\n' "$2" "$(spread "$1" "$3")" "$(spread "$1" "$4")" "$(ratio "$1" "$3" "$4")"
}

report_times() {
  local count=$1
  printf '| case, in seconds | phoenix | plain Nix loop | phoenix / plain |\n|---|---|---|---|\n'
  times_row "$count" "first deployment" first.phoenix first.peer
  times_row "$count" "nothing changed" same.phoenix same.peer
  times_row "$count" "nothing changed, loop without evaluation cache" same.phoenix same.peer.uncached
  times_row "$count" "a new version of one service on one host" one.phoenix one.peer
  times_row "$count" "a new version on every host" every.phoenix every.peer
  printf '| one host fails | %s | – | – |\n' "$(spread "$count" fails.phoenix)"
  printf '| one host cannot be reached | %s | – | – |\n' "$(spread "$count" cut.phoenix)"
  printf '\n| first deployment, in MB | phoenix | plain Nix loop | phoenix / plain |\n|---|---|---|---|\n'
  printf '| all links together, both directions | %s | %s | %s |\n' "$(spread "$count" first.phoenix.link 1)" \
    "$(spread "$count" first.peer.link 1)" "$(ratio "$count" first.phoenix.link first.peer.link)"
  printf "| \`bytes\` of the copy stages in \`--json\` | %s | – | – |\n" "$(spread "$count" first.copied 1)"
}

# goal_row COUNT TEXT KEY LIMIT UNIT [DIGITS]: met when not even the largest sample is above the limit.
goal_row() {
  local count=$1 text=$2 key=$3 limit=$4 unit=$5 digits=${6-2} largest met=yes
  largest=$(values "$count" "$key" | tail -n 1)
  awk -v a="$largest" -v b="$limit" 'BEGIN { exit a <= b }' && met=no
  printf '| %s | %s%s | at most %s%s | %s |\n' "$text" "$(spread "$count" "$key" "$digits")" "$unit" "$limit" "$unit" "$met"
}

report_goals() {
  local count=$1
  printf '| goal | measured | goal | every time |\n|---|---|---|---|\n'
  goal_row "$count" "nothing changed: beyond evaluation alone" same.beyond 0.5 " s"
  goal_row "$count" "failing service: rolled back and proven after" fails.host 10 " s"
  goal_row "$count" "– since its activation began" fails.activated 10 " s"
  goal_row "$count" "unreachable host: the whole run" cut.phoenix 10 " s"
  goal_row "$count" "logins at each host, first deployment" first.logins 2 "" 0
  goal_row "$count" "logins at each host, later deployment" every.logins 2 "" 0
  goal_row "$count" "logins at each host, nothing changed" same.logins 1 "" 0
  printf '\nEvaluation alone takes phoenix %s s.\n' "$(spread "$count" eval.phoenix)"
  printf 'With one host unreachable the others are through after %s s, with all reachable after %s s.\n' \
    "$(spread "$count" cut.others)" "$(spread "$count" every.others)"
}

report_method() {
  printf '\n'
  cat "$BENCH/method.md"
}
