#!/bin/sh
# switch-to-configuration: what NixOS's own does, in its order, words and exit statuses, for the units of the lab's fleet.
# shellcheck disable=SC2086 # lists of units are words
set -eu
toplevel=$(dirname "$(dirname "$(readlink -f "$0")")")
PATH=$toplevel/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin
old=/run/current-system/etc/systemd/system
new=$toplevel/etc/systemd/system
status=0

say() {
  echo "$*" >&2 || true
}

die() {
  say "$2"
  exit "$1"
}

usage() {
  say "Usage: ${0##*/} [switch|boot|test|dry-activate]
switch:       make the configuration the boot default and activate now
boot:         make the configuration the boot default
test:         activate the configuration, but don't make it the boot default
dry-activate: show what would be done if this configuration were activated"
  exit 1
}

# The lock is this process's alone: what it starts may outlive it.
run() {
  "$@" 9>&-
}

take_lock() {
  mkdir -p /run/nixos
  exec 9>>/run/nixos/switch-to-configuration.lock
  flock -n 9 || die 1 "Could not acquire lock"
}

# Units that are not inactive: name, state, substate.
list_units() {
  run systemctl list-units --all --plain --no-legend --full | awk '$3 != "inactive" { print $1, $3, $4 }'
}

is_running() {
  printf '%s\n' "$before" | grep -q "^$1 activ"
}

says() {
  grep -qx "$2" "$new/$1"
}

# What becomes of a running unit that the new configuration changes.
sort_changed() {
  if says "$1" X-ReloadIfChanged=true; then
    reload="$reload $1"
  elif says "$1" X-RestartIfChanged=false; then
    skip="$skip $1"
  elif says "$1" X-StopIfChanged=false; then
    restart="$restart $1"
  else
    stop="$stop $1" start="$start $1"
  fi
}

# Every target of the new configuration is started, unmentioned: that starts the services which it gained.
compare_units() {
  stop='' start='' restart='' reload='' skip='' targets=''
  for file in "$old"/*; do
    unit=${file##*/}
    is_running "$unit" || continue
    if [ ! -e "$new/$unit" ]; then
      grep -qx X-StopOnRemoval=false "$file" || stop="$stop $unit"
    elif [ "$unit" = "${unit%.target}" ] && ! cmp -s "$file" "$new/$unit"; then
      sort_changed "$unit"
    fi
  done
  for file in "$new"/*.target; do
    [ ! -e "$file" ] || targets="$targets ${file##*/}"
  done
}

# announce WORDS UNIT…: nothing to say of no units.
announce() {
  words=$1
  shift
  [ $# = 0 ] || say "$words: $(echo "$*" | sed 's/ /, /g')"
}

# job VERB UNIT…: one job for each unit, all at the same time.
job() {
  verb=$1
  shift
  [ $# = 0 ] || run systemctl "$verb" "$@" 2>/dev/null || status=4
  for unit in "$@"; do
    ! run systemctl is-failed --quiet "$unit" || say "Failed to $verb $unit"
  done
}

dry_activate() {
  announce "would stop the following units" $stop
  announce "would NOT stop the following changed units" $skip
  say "would activate the configuration..."
  announce "would reload the following units" $reload
  announce "would restart the following units" $restart
  announce "would start the following units" $start
}

activate() {
  say "activating the configuration..."
  if ! run "$toplevel/activate" "$toplevel"; then
    say "Failed to run activate script"
    status=2
  fi
}

report_new() {
  started=$(printf '%s\n' "$before" "--" "$1" | awk '
    $1 == "--" { after = 1; next }
    !after { known[$1]; next }
    $2 != "failed" && !($1 in known) && $1 !~ /\.scope$/ { print $1 }' | sort -f)
  announce "the following new units were started" $started
}

report_failed() {
  failed=$(printf '%s\n' "$1" | awk '$2 == "failed" || $3 == "auto-restart" { print $1 }' | sort -f)
  [ -n "$failed" ] || return 0
  announce "warning: the following units failed" $failed
  run systemctl status --no-pager --full $failed >&2 || true
  status=4
}

switch_units() {
  announce "stopping the following units" $stop
  job stop $stop
  announce "NOT restarting the following changed units" $skip
  activate
  run systemctl reset-failed
  run systemctl daemon-reload
  announce "reloading the following units" $reload
  job reload $reload
  announce "restarting the following units" $restart
  job restart $restart
  announce "starting the following units" $start
  job start $start $targets
  sleep 0.25
  after=$(list_units)
  report_new "$after"
  report_failed "$after"
}

[ $# = 1 ] || usage
case $1 in
  switch | boot | test | dry-activate) NIXOS_ACTION=$1 ;;
  *) usage ;;
esac
export NIXOS_ACTION
[ "$(id -u)" = 0 ] || die 1 "Error: ${0##*/} must be run as the root user"
trap '' HUP PIPE

take_lock
if [ -e "$toplevel/lock-fault" ]; then
  run "$toplevel/lock-fault" "$toplevel" "$NIXOS_ACTION" || die 1 "Could not acquire lock"
fi
if [ "${NIXOS_NO_CHECK-}" != 1 ] && [ -e "$toplevel/pre-switch-check" ]; then
  run "$toplevel/pre-switch-check" "$toplevel" "$NIXOS_ACTION" || die 1 "Pre-switch checks failed"
fi

case $NIXOS_ACTION in
  switch | boot) run "$toplevel/bin/install-bootloader" || die 1 "Failed to install bootloader" ;;
esac
[ "${NIXOS_NO_SYNC-}" = 1 ] || sync -f /nix/store
[ "$NIXOS_ACTION" != boot ] || exit 0

cmp -s "$toplevel/init-interface-version" /run/current-system/init-interface-version ||
  die 100 "Warning: the new NixOS configuration has an ‘init’ that is
incompatible with the current configuration.  The new configuration
won't take effect until you reboot the system.
"

before=$(list_units)
compare_units
if [ "$NIXOS_ACTION" = dry-activate ]; then
  dry_activate
else
  switch_units
fi
exit "$status"
