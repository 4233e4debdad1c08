#!/bin/sh
# start: takes down the interface that the host is reached by; stop: brings it back with its routes.
set -eu
state=/run/lab-network-down

interface() {
  found=$(ip -4 route show | sed -n 's/^default .*dev \([^ ]*\).*/\1/p' | head -n 1)
  [ -n "$found" ] || found=$(ip -o -4 addr show | awk '$2 != "lo" { print $2; exit }')
  echo "$found"
}

start() {
  device=$(interface)
  mkdir -p "$state"
  echo "$device" >"$state/interface"
  ip -4 route show | grep "dev $device" >"$state/routes" || true
  ip link set "$device" down
}

stop() {
  device=$(cat "$state/interface")
  ip link set "$device" up
  while read -r route; do
    # shellcheck disable=SC2086 # a route is several words
    ip route add $route 2>/dev/null || true
  done <"$state/routes"
}

"$1"
