# shellcheck shell=bash
# The links between the workstation and the hosts. A rate alone is the kernel's, at both ends of each host's link; delay is
# a line of tests/bench/delay.rs before each host, and so is the rate of a link that has both.
# shellcheck disable=SC2034 # TARGET_ADDRESSES and TARGET_PORT are read in the other parts

LINE_PID=''

# The text of a link in the report; fails for one that there is not.
link_text() {
  case $1 in
    plain) echo "without limit" ;;
    200mbit) echo "200 Mbit/s" ;;
    20mbit) echo "20 Mbit/s" ;;
    20ms) echo "20 ms round trip" ;;
    100ms) echo "100 ms round trip" ;;
    20ms-100mbit) echo "20 ms, 100 Mbit/s" ;;
    *) return 1 ;;
  esac
}

# link_use LINK: makes the links of all hosts such ones. Sets TARGET_ADDRESSES and TARGET_PORT: where hosts are reached now.
link_use() {
  line_stop
  local name
  declare -gA TARGET_ADDRESSES=()
  for name in "${HOSTS[@]}"; do
    TARGET_ADDRESSES[$name]=${ADDRESSES[$name]}
    rate_none "$name"
  done
  TARGET_PORT=22
  case $1 in
    plain) ;;
    200mbit | 20mbit)
      for name in "${HOSTS[@]}"; do
        rate_limit "$name" "$1"
      done
      ;;
    20ms) line_start 10 0 ;;
    100ms) line_start 50 0 ;;
    20ms-100mbit) line_start 10 100 ;;
  esac
}

# The workstation's end of a host's link, as the lab names it.
link_device() { printf 'phx%s-%s\n' "${PHOENIX_LAB_NUMBER#1}" "$1"; }

rate_limit() {
  local name=$1 limit=(root tbf rate "$2" burst 64kb latency 100ms)
  tc qdisc replace dev "$(link_device "$name")" "${limit[@]}"
  lab root "$name" tc qdisc replace dev eth0 "${limit[@]}"
}

rate_none() {
  tc qdisc delete dev "$(link_device "$1")" root 2>/dev/null || true
  lab root "$1" tc qdisc delete dev eth0 root || true
}

# line_start ONE-WAY-MILLISECONDS MBIT: every host is behind a line, at an address of this machine that ends like its own.
line_start() {
  local name lines=()
  TARGET_PORT=2222
  for name in "${HOSTS[@]}"; do
    TARGET_ADDRESSES[$name]=127.${ADDRESSES[$name]#*.}
    lines+=("${TARGET_ADDRESSES[$name]}:$TARGET_PORT=${ADDRESSES[$name]}:22")
  done
  "$WORK/delay" "$1" "$2" "${lines[@]}" >"$WORK/delay.out" 2>"$WORK/delay.log" &
  LINE_PID=$!
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    [[ ! -s $WORK/delay.out ]] || return 0
    sleep 0.05
  done
  die "the delayed lines do not come up: $(tail -n 3 "$WORK/delay.log")"
}

line_stop() {
  [[ -n $LINE_PID ]] || return 0
  kill "$LINE_PID" 2>/dev/null || true
  wait "$LINE_PID" 2>/dev/null || true
  LINE_PID=''
}
