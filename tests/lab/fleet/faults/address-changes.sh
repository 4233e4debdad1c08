#!/bin/sh
# start: the host's IPv4 address becomes the one a hundred above it; stop: as before.
set -eu
state=/run/lab-address-changes

# replace DEVICE OLD NEW: with the default route, which goes with a device's last address.
replace() {
  route=$(ip -4 route show | grep "^default .*dev $1" | head -n 1) || true
  ip addr del "$2" dev "$1"
  ip addr add "$3" dev "$1"
  # shellcheck disable=SC2086 # a route is several words
  [ -z "$route" ] || ip route add $route 2>/dev/null || true
}

start() {
  ip -o -4 addr show | awk '$2 != "lo" {
    split($4, part, /[.\/]/)
    host = part[4] < 155 ? part[4] + 100 : part[4] - 100
    print $2, $4, part[1] "." part[2] "." part[3] "." host "/" part[5]
    exit
  }' >"$state"
  read -r device old new <"$state"
  replace "$device" "$old" "$new"
}

stop() {
  read -r device old new <"$state"
  replace "$device" "$new" "$old"
}

"$1"
