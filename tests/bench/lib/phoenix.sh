# shellcheck shell=bash
# phoenix as an operator runs it, and what its events say.

phoenix() {
  (cd "$FLEET" && "$PHOENIX" --json --sudo-password-file "$PHOENIX_LAB_SUDO_PASSWORD" "$@")
}

# phoenix_deploy STATUS [ARG…]: deploys to all hosts and sets ELAPSED, and JOURNAL to the events of the run, with their
# times.
phoenix_deploy() {
  local wanted=$1 run
  shift
  timed "$WORK/deploy" "$wanted" phoenix deploy --all --yes "$@"
  run=$(jq -r 'select(.event == "run-started").run' "$WORK/deploy")
  JOURNAL=$HOME/.local/state/phoenix/runs/$run/events.jsonl
  [[ -s $JOURNAL ]] || die "$JOURNAL is missing"
}

# require_outcomes OUTCOME [HOST OUTCOME]: ends the measurement unless every host, but for the one named, ended so.
require_outcomes() {
  jq -se --arg most "$1" --arg host "${2-}" --arg other "${3-}" --argjson count "$COUNT" '
    last.hosts
    | length == $count and all(to_entries[]; .value.outcome == if .key == $host then $other else $most end)
    ' "$JOURNAL" >/dev/null || die "unexpected outcomes: $(jq -sc 'last.hosts | map_values(.outcome)' "$JOURNAL")"
}

# What phoenix says it copied to all hosts together, in megabytes.
copied_megabytes() {
  jq -s 'map(select(.event == "stage-finished" and .stage == "copy").bytes // 0) | add / 1e5 | round / 10' "$JOURNAL"
}

# finished_after HOST: seconds from the start of the run to the end of the host's part.
finished_after() {
  jq -s --arg host "$1" '
    first.at as $start | map(select(.event == "host-finished" and .host == $host).at)[0] | (. - $start) / 1000
    ' "$JOURNAL"
}

# last_finished_but HOST: seconds from the start of the run until every other host was through.
last_finished_but() {
  jq -s --arg host "$1" '
    first.at as $start | map(select(.event == "host-finished" and .host != $host).at) | max | (. - $start) / 1000
    ' "$JOURNAL"
}

# activated_to_finished HOST: seconds from the start of its activation to the end of its part.
activated_to_finished() {
  jq -s --arg host "$1" '
    map(select(.host == $host))
    | map(select(.event == "stage-started" and .stage == "activate").at)[0] as $start
    | map(select(.event == "host-finished").at)[0]
    | (. - $start) / 1000' "$JOURNAL"
}
