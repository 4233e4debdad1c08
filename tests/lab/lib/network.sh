# shellcheck shell=bash
# The network: a bridge in the root namespace, and for each running host a namespace phx-NAME whose eth0 is the other
# end of the link phx-NAME on the bridge (phx2-NAME in lab 2). A host that is off has neither, so that nothing answers in
# its place.

bridge_up() {
  if [[ ! -e /sys/class/net/$LAB_BRIDGE ]]; then
    ip link add "$LAB_BRIDGE" type bridge
    ip addr add "$(lab_net).1/24" dev "$LAB_BRIDGE"
  fi
  ip link set "$LAB_BRIDGE" up
  # The first namespace makes ip mount this folder; `lab down` takes that back only when the lab was the cause.
  mountpoint -q /run/netns || touch "$LAB_DIR/made-run-netns"
}

bridge_down() {
  if [[ -e /sys/class/net/$LAB_BRIDGE ]]; then
    ip link delete "$LAB_BRIDGE"
  fi
  if [[ -f $LAB_DIR/made-run-netns && -z $(ls /run/netns 2>/dev/null) ]]; then
    umount /run/netns 2>/dev/null || true
    rmdir /run/netns 2>/dev/null || true
  fi
}

host_mac() { printf '02:70:68:78:00:%02x\n' "$(($(host_index "$1") + 11))"; }

# link_up NAME: a fresh namespace, as a machine's network is fresh after a boot. A cut link stays cut.
link_up() {
  local name=$1 link=$LAB_PREFIX-$1
  link_remove "$name"
  ip netns add "$link"
  ip link add "$link" type veth peer name eth0 netns "$link"
  ip -n "$link" link set eth0 address "$(host_mac "$name")"
  ip -n "$link" addr add "$(host_address "$name")/24" dev eth0
  ip -n "$link" link set lo up
  ip -n "$link" link set eth0 up
  ip -n "$link" route add default via "$(lab_net).1"
  ip link set "$link" master "$LAB_BRIDGE"
  link_apply "$name"
}

link_remove() {
  local link=$LAB_PREFIX-$1
  if [[ -e /sys/class/net/$link ]]; then
    ip link delete "$link"
  fi
  if [[ -e /run/netns/$link ]]; then
    ip netns delete "$link"
  fi
}

# link_apply NAME: sets the bridge side of the link up or down, as the host's file `cut` says.
link_apply() {
  local name=$1 state=up fd
  [[ -e /sys/class/net/$LAB_PREFIX-$name ]] || return 0
  exec {fd}>>"$(host_dir "$name")/link.lock"
  flock "$fd"
  if [[ -e $(host_dir "$name")/cut ]]; then
    state=down
  fi
  ip link set "$LAB_PREFIX-$name" "$state"
  link_shape "$name"
  exec {fd}>&-
}

# link_shape NAME: lets no more through to the host than its file `slow` says.
link_shape() {
  local link=$LAB_PREFIX-$1 slow
  slow=$(host_dir "$1")/slow
  if [[ -e $slow ]]; then
    tc qdisc replace dev "$link" root tbf rate "$(<"$slow")" burst 64kb latency 100ms
  elif [[ $(tc qdisc show dev "$link") == *tbf* ]]; then
    tc qdisc delete dev "$link" root
  fi
}

link_state() {
  if [[ -e $(host_dir "$1")/cut ]]; then
    echo cut
  else
    echo up
  fi
}
