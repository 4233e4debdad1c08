# shellcheck shell=bash
# What every measurement needs before it begins, and what it leaves behind.
# shellcheck disable=SC2034 # the parts read what is set here

# prepare NUMBER [THING:PACKAGE…]: checks and installs what is needed, and makes the folder $WORK for the fleet, for what
# phoenix records and for Nix's evaluation cache: nothing of the operator's is used. NUMBER is that of the lab, whose hosts
# are in memory, or in PHOENIX_BENCH_DIR.
prepare() {
  local number=$1
  shift
  ((EUID == 0)) || die "needs root: the hosts are made of network namespaces and mounts"
  install_missing jq:jq nix:nix-bin ssh:openssh-client "$@"
  RELEASED=$(target_dir)/phoenix/phoenix
  PHOENIX=${PHOENIX:-$RELEASED}
  [[ -x $PHOENIX ]] || die "$PHOENIX is missing; run: scripts/build"
  PHOENIX=$(readlink -f "$PHOENIX")
  WORK=$(mktemp -d) KEEP=0
  trap clean_up EXIT
  FLEET=$WORK/fleet RESULTS=$WORK/results
  : >"$RESULTS"
  mkdir "$WORK/home"
  OWN_HOME=$HOME
  export HOME=$WORK/home
  unset SSH_AUTH_SOCK XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
  export PHOENIX_LAB_NUMBER=${PHOENIX_BENCH_LAB:-$number}
  unset PHOENIX_LAB_NET
  # The hosts lie in memory. ext4 without a journal gives no inode out again for minutes, and looks through all such ones
  # for each new file: after a garbage collection, whoever copies later pays more for the same.
  export PHOENIX_LAB_DIR=${PHOENIX_BENCH_DIR:-/dev/shm/phoenix-lab$PHOENIX_LAB_NUMBER}
  [[ $(lab list --json) == "[]" ]] || die "lab $PHOENIX_LAB_NUMBER is up, and every run needs new hosts: end it with
  PHOENIX_LAB_NUMBER=$PHOENIX_LAB_NUMBER PHOENIX_LAB_DIR=$PHOENIX_LAB_DIR tests/lab/lab down
or name another with PHOENIX_BENCH_LAB"
  LOAD_BEFORE=$(cut -d' ' -f1-3 /proc/loadavg)
  KEEP=1
}

# What a measurement that failed leaves is for looking at.
clean_up() {
  local status=$?
  ! declare -F line_stop >/dev/null || line_stop
  if ((status && KEEP)); then
    say "the last output is in $WORK; the hosts stay as they are in lab $PHOENIX_LAB_NUMBER, $PHOENIX_LAB_DIR"
  else
    rm -rf "$WORK"
  fi
}
