# shellcheck shell=bash
# The section of docs/benchmarks.md about copying, from the results.

copy_report() {
  local count case CONTESTS=()
  for case in "${CASES[@]}"; do
    [[ $case == stalled || $case == killed || $case == kept || $case == compressed ]] || CONTESTS+=("$case")
  done
  copy_report_head
  copy_report_machine
  copy_report_sizes
  for count in "${COUNTS[@]}"; do
    printf '\n### Copying to %s\n' "$(counted "$count")"
    if ((${#CONTESTS[@]})); then
      printf '\n'
      copy_report_times "$count"
      printf '\n'
      copy_report_costs "$count"
    fi
    copy_report_packing "$count"
    copy_report_breaks "$count"
  done
  printf '\n'
  cat "$BENCH/copy.md"
}

# counted COUNT: `1 host`, `4 hosts`.
counted() {
  if (($1 == 1)); then
    echo "1 host"
  else
    echo "$1 hosts"
  fi
}

copy_report_head() {
  cat <<'END'
## Copying

phoenix beside one `nix copy` a host, all at once, over `ssh://` and over `ssh-ng://`. Made by

    scripts/build && tests/bench/copy --write
END
}

copy_report_machine() {
  cat <<END

| | |
|---|---|
| date | $(date -u +%F) |
| cores | $(nproc), for the workstation and all hosts together |
| phoenix | $("$PHOENIX" --version), $(report_build) |
| Nix here | $(nix --version) |
| Nix on the hosts | $(lab root web1 nix --version) |
| load before the first run | $LOAD_BEFORE |
| runs | $RUNS; times are the median (smallest..largest), other figures the median |
END
}

copy_report_sizes() {
  local case count=${COUNTS[0]}
  printf '\n| case | paths that a host lacks | MB of NARs |\n|---|---|---|\n'
  for case in "${CASES[@]}"; do
    [[ $case != nothing && $case != kept && $case != stalled ]] || continue
    printf '| %s | %.0f | %.1f |\n' "$(case_text "$case")" "$(median "$count" "$case.paths")" "$(median "$count" "$case.bytes")"
  done
}

# copy_report_times COUNT: a row for each link and case.
copy_report_times() {
  local count=$1 case link key
  printf '| link | case | phoenix | of it copying | nix copy, ssh:// | nix copy, ssh-ng:// | phoenix / better of both |\n'
  printf '|---|---|---|---|---|---|---|\n'
  for link in "${LINKS[@]}"; do
    for case in "${CONTESTS[@]}"; do
      key=$link.$case
      printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$(link_text "$link")" "$(case_text "$case")" \
        "$(spread "$count" "$key.phoenix.wall")" "$(spread "$count" "$key.phoenix.stage")" \
        "$(spread "$count" "$key.ssh.wall")" "$(spread "$count" "$key.ssh-ng.wall")" \
        "$(against_better "$count" "$key")"
    done
  done
}

# against_better COUNT LINK.CASE: phoenix's wall time by that of the faster loop.
against_better() {
  local better=ssh
  awk -v a="$(median "$1" "$2.ssh-ng.wall")" -v b="$(median "$1" "$2.ssh.wall")" 'BEGIN { exit a >= b }' && better=ssh-ng
  ratio "$1" "$2.phoenix.wall" "$2.$better.wall"
}

# copy_report_costs COUNT: in each cell phoenix, ssh:// and ssh-ng://.
copy_report_costs() {
  local count=$1 case link key
  printf 'Each cell: phoenix / ssh:// / ssh-ng://\n\n'
  printf '| link | case | CPU s, workstation | CPU s, hosts | peak memory, MB | on the wire, MB | read here, MB |\n'
  printf '|---|---|---|---|---|---|---|\n'
  for link in "${LINKS[@]}"; do
    for case in "${CONTESTS[@]}"; do
      key=$link.$case
      printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$(link_text "$link")" "$(case_text "$case")" \
        "$(of_each "$count" "$key" cpu 2)" "$(of_each "$count" "$key" host-cpu 2)" "$(of_each "$count" "$key" memory 0)" \
        "$(of_each "$count" "$key" wire 2)" "$(of_each "$count" "$key" read 1)"
    done
  done
}

# of_each COUNT LINK.CASE METRIC DIGITS: the median of every contestant.
of_each() {
  local contestant figures=()
  for contestant in "${CONTESTANTS[@]}"; do
    figures+=("$(printf '%.*f' "$4" "$(median "$1" "$2.$contestant.$3")")")
  done
  printf '%s / %s / %s\n' "${figures[@]}"
}
