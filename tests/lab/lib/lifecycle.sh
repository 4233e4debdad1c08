# shellcheck shell=bash
# The whole lab: making it and taking it away without a trace.

# lab_up COUNT RELEASE: the first COUNT hosts exist and run; those that do already are left as they are.
lab_up() {
  local count=$1 release=$2 name new=0 missing=() jobs=()
  for name in "${HOST_NAMES[@]:0:count}"; do
    if ! host_exists "$name" || host_stopped "$name"; then
      missing+=("$name")
    fi
  done
  if ((${#missing[@]} == 0)); then
    known_hosts_write
    say "hosts up: $count"
    return
  fi
  install_missing
  for name in "${missing[@]}"; do
    host_exists "$name" || new=1
  done
  if ((new)); then
    base_make "$release"
  fi
  lab_secrets_make
  bridge_up
  for name in "${missing[@]}"; do
    host_bring_up "$name" "$release" &
    jobs+=("$!")
  done
  wait_all "${jobs[@]}" || die "not every host came up; see $LAB_DIR/hosts/*/console.log"
  known_hosts_write
  for name in "${missing[@]}"; do
    [[ $(link_state "$name") == cut ]] || host_wait "$name" 120
  done
  say "hosts up: $count, started now: ${#missing[@]}"
}

host_bring_up() {
  host_exists "$1" || host_make "$1" "$2"
  host_start "$1"
}

# lab_down: ends every host and removes all that the lab made. It goes by what is there, not by what should be, so that
# it also clears up after a lab that was interrupted.
lab_down() {
  local path name
  for path in "$(cgroup_root)"/*/ /sys/class/net/"$LAB_PREFIX"-* /run/netns/"$LAB_PREFIX"-* "$LAB_DIR"/hosts/*/; do
    [[ -e $path ]] || continue
    name=$(basename "$path")
    host_kill "${name#"$LAB_PREFIX"-}"
  done
  for path in "$LAB_DIR"/hosts/*/; do
    [[ ! -d $path ]] || host_unmount "$(basename "$path")"
  done
  bridge_down
  cgroup_root_remove
  nspawn_traces_remove
  if findmnt --raw --noheadings --output TARGET | grep -q "^$LAB_DIR/"; then
    die "still mounted below $LAB_DIR; nothing in it was removed"
  fi
  rm -rf --one-file-system "$LAB_DIR"
}

# What systemd-nspawn leaves of a machine, and its folders when no other machine has anything in them.
nspawn_traces_remove() {
  local name run=/run/systemd/nspawn
  for name in "${HOST_NAMES[@]}"; do
    rm -rf --one-file-system "$run/propagate/$LAB_PREFIX-$name" "$run/unix-export/$LAB_PREFIX-$name"
  done
  rmdir "$run"/{propagate,unix-export,locks} "$run" 2>/dev/null || true
}

cgroup_root_remove() {
  local root
  root=$(cgroup_root)
  cgroup_remove "$root"
  if [[ $root == /run/phoenix-lab-cgroup2/* ]]; then
    umount "${root%/*}"
    rmdir "${root%/*}"
  fi
}

cache_purge() {
  local release
  for release in "${LAB_RELEASES[@]}"; do
    ! base_in_use "$release" || die "another lab's hosts are overlays of base-$release; nothing in $LAB_CACHE was removed"
  done
  rm -rf --one-file-system "$LAB_CACHE"
}
