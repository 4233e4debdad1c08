# shellcheck shell=bash
# Times, and the results: one line a sample, `HOSTS KEY VALUE`, in the file $RESULTS.
# shellcheck disable=SC2034 # ELAPSED is read in the other parts

# timed LOG STATUS COMMAND…: runs the command with its output in LOG and LOG.err, and sets ELAPSED to its wall seconds.
# Ends the measurement when it exits with another status: a time of something else is worth nothing.
timed() {
  local log=$1 wanted=$2 status=0 start end
  shift 2
  start=$EPOCHREALTIME
  "$@" >"$log" 2>"$log.err" || status=$?
  end=$EPOCHREALTIME
  if ((status != wanted)); then
    tail -n 20 "$log" "$log.err" >&2
    die "exited with $status and not $wanted: $*"
  fi
  ELAPSED=$(millis_to_seconds "$(((${end/./} - ${start/./}) / 1000))")
}

millis_to_seconds() { awk -v millis="$1" 'BEGIN { printf "%.3f\n", millis / 1000 }'; }

# record KEY VALUE: a sample for the present number of hosts.
record() {
  say "  $1 $2"
  printf '%s %s %s\n' "$COUNT" "$1" "$2" >>"$RESULTS"
}

# values COUNT KEY: its samples, smallest first.
values() { awk -v count="$1" -v key="$2" '$1 == count && $2 == key { print $3 }' "$RESULTS" | sort -g; }

# median COUNT KEY: of an even number of samples, the mean of the two in the middle.
median() {
  values "$1" "$2" | awk '{ at[NR] = $1 }
    END { if (!NR) exit 1; printf "%.6f\n", (at[int((NR + 1) / 2)] + at[int(NR / 2) + 1]) / 2 }'
}

# spread COUNT KEY [DIGITS]: `median (min..max)`.
spread() {
  local middle
  middle=$(median "$1" "$2")
  values "$1" "$2" | awk -v middle="$middle" -v digits="${3-2}" '
    NR == 1 { low = $1 }
    { high = $1 }
    END { printf "%.*f (%.*f..%.*f)\n", digits, middle, digits, low, digits, high }'
}

# ratio COUNT KEY KEY: of the medians.
ratio() { awk -v a="$(median "$1" "$2")" -v b="$(median "$1" "$3")" 'BEGIN { printf "%.2f\n", a / b }'; }
