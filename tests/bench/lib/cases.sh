# shellcheck shell=bash
# The cases, in the order in which the hosts meet them. Every case checks that it came out as it should.

# Versions are the same in each run: the hosts are new, and this machine has everything built.
FIRST=1.0
ONE_CHANGED=$'[hosts.web1]\nversion = "1.1"'
ONE_FAILS=$'[hosts.web1]\nvariant = "service-fails"'

measure_phoenix() {
  hosts_fresh
  phoenix_first
  phoenix_same
  phoenix_one
  phoenix_every
  phoenix_fails
  phoenix_cut
}

phoenix_first() {
  order "$FIRST"
  phoenix adopt --all --yes >/dev/null
  counters_start
  phoenix_deploy 0
  require_outcomes confirmed
  record first.phoenix "$ELAPSED"
  record first.copied "$(copied_megabytes)"
  record_link_megabytes first.phoenix.link
  record_logins first.logins
}

phoenix_same() {
  local whole
  counters_start
  phoenix_deploy 0
  require_outcomes up-to-date
  whole=$ELAPSED
  record same.phoenix "$whole"
  record_logins same.logins
  phoenix_deploy 0 --until eval
  record eval.phoenix "$ELAPSED"
  record same.beyond "$(awk -v a="$whole" -v b="$ELAPSED" 'BEGIN { print a - b }')"
}

phoenix_one() {
  order "$FIRST" "$ONE_CHANGED"
  phoenix_deploy 0
  require_outcomes up-to-date web1 confirmed
  record one.phoenix "$ELAPSED"
}

# A new version for everybody: what the two cases after it are compared with.
phoenix_every() {
  order 2.0
  counters_start
  phoenix_deploy 0
  require_outcomes confirmed
  record every.phoenix "$ELAPSED"
  record every.others "$(last_finished_but app1)"
  record_logins every.logins
}

phoenix_fails() {
  order 3.0 "$ONE_FAILS"
  phoenix_deploy 1
  require_outcomes confirmed web1 rolled-back
  record fails.phoenix "$ELAPSED"
  record fails.host "$(finished_after web1)"
  record fails.activated "$(activated_to_finished web1)"
}

phoenix_cut() {
  local outcome
  order 4.0
  lab cut app1
  phoenix_deploy 5
  outcome=$(jq -sr 'last.hosts.app1.outcome' "$JOURNAL")
  [[ $outcome == failed || $outcome == deferred ]] || die "app1 is cut off, and ended as $outcome"
  require_outcomes confirmed app1 "$outcome"
  record cut.phoenix "$ELAPSED"
  record cut.others "$(last_finished_but app1)"
}

measure_peer() {
  hosts_fresh
  peer_prepare
  order "$FIRST"
  counters_start
  peer_timed
  record first.peer "$ELAPSED"
  record_link_megabytes first.peer.link
  peer_timed
  record same.peer "$ELAPSED"
  peer_timed --option eval-cache false
  record same.peer.uncached "$ELAPSED"
  order "$FIRST" "$ONE_CHANGED"
  peer_timed
  record one.peer "$ELAPSED"
  order 2.0
  peer_timed
  record every.peer "$ELAPSED"
}
