# shellcheck shell=bash
# Power: how hosts start, run, stop and lose power. Each runs in a cgroup of its own, phoenix-lab/NAME, together with
# the supervisor that starts it again when it reboots; ending that cgroup ends all of it at once.

# The folder of the lab's cgroups in the cgroup2 hierarchy, which need not be the one systemd uses here.
cgroup_root() {
  local mounted
  mounted=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET || true)
  if [[ -z $mounted ]]; then
    mounted=/run/phoenix-lab-cgroup2
    mkdir -p "$mounted"
    mount -t cgroup2 cgroup2 "$mounted"
  fi
  printf '%s/phoenix-lab%s\n' "$mounted" "$LAB_SUFFIX"
}

host_cgroup() { printf '%s/%s\n' "$(cgroup_root)" "$1"; }

host_running() { grep -qs '^populated 1' "$(host_cgroup "$1")/cgroup.events"; }

host_stopped() { ! host_running "$1"; }

# cgroup_remove FOLDER: removes an empty cgroup with all below it.
cgroup_remove() {
  if [[ -d $1 ]]; then
    find "$1" -depth -type d -exec rmdir {} +
  fi
}

# The process id, as seen from here, of the host's PID 1; fails while the host has none.
host_pid1() {
  local pid fields comm
  local pids
  mapfile -t pids < <(find "$(host_cgroup "$1")" -name cgroup.procs -exec cat {} + 2>/dev/null)
  for pid in "${pids[@]}"; do
    fields=$(awk '/^NSpid:/ { print NF, $NF }' "/proc/$pid/status" 2>/dev/null) || continue
    comm=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    if [[ $fields == "3 1" && ($comm == systemd || $comm == init) ]]; then
      printf '%s\n' "$pid"
      return
    fi
  done
  return 1
}

# systemd_listens PID: whether the systemd with this process id takes orders and signals yet.
systemd_listens() { [[ -S /proc/$1/root/run/systemd/private ]]; }

# host_start NAME: switches the host on; returns when its PID 1 takes orders.
host_start() {
  local name=$1 dir cgroup
  host_running "$name" && return
  dir=$(host_dir "$name")
  cgroup=$(host_cgroup "$name")
  host_is_machine "$name" || host_mount "$name"
  cgroup_remove "$cgroup"
  mkdir -p "$cgroup"
  rm -f "$dir/started"
  detach "$dir/console.log" "$LAB_SOURCE/lab" __supervise "$name"
  until_true 30 host_came_up "$name" || die "$name did not start; see $dir/console.log"
}

host_came_up() {
  local pid
  ! host_is_machine "$1" || { [[ -e $(host_dir "$1")/started ]] && host_running "$1" && return; }
  [[ -e $(host_dir "$1")/started ]] && pid=$(host_pid1 "$1") && systemd_listens "$pid"
}

# supervise NAME: runs in the background for as long as the host is on. systemd-nspawn ends with 133 when the system in
# it reboots.
supervise() {
  local name=$1 cgroup status=133
  cgroup=$(host_cgroup "$name")
  trap 'echo "== the supervisor ended with $?"' EXIT
  echo "$BASHPID" >"$cgroup/cgroup.procs"
  while ((status == 133)); do
    cgroup_remove "$cgroup/machine"
    mkdir -p "$cgroup/machine"
    if host_is_machine "$name"; then
      machine_link_up "$name"
    else
      link_up "$name"
    fi
    touch "$(host_dir "$name")/started"
    status=0
    (
      echo "$BASHPID" >"$cgroup/machine/cgroup.procs"
      boot "$name"
    ) || status=$?
    link_remove "$name"
    echo "== $name ended with $status"
  done
}

# boot NAME: becomes the host. systemd wants cgroup2 at its usual place, so the host gets a mount of its own there.
boot() {
  local name=$1
  ! host_is_machine "$name" || machine_boot "$name"
  # shellcheck disable=SC2016
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin unshare --mount --propagation private bash -euc '
    umount --recursive /sys/fs/cgroup 2>/dev/null || true
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$2" \
      --machine="$3-$1" --hostname="$1" --network-namespace-path="/run/netns/$3-$1" \
      --capability=CAP_NET_ADMIN --link-journal=no --resolv-conf=off --timezone=off --console=read-only
  ' bash "$name" "$(host_dir "$name")/root" "$LAB_PREFIX"
}

# host_signal NAME SIGNAL: systemd as PID 1 powers off on RTMIN+4 and reboots on RTMIN+5.
host_signal() {
  local pid
  pid=$(host_pid1 "$1") || die "$1 is not running"
  kill -s "$2" "$pid"
}

# A clean power-off; a host that hangs is cut off after a minute.
host_stop() {
  host_running "$1" || return 0
  if host_is_machine "$1"; then
    (machine_root "$1" systemctl --no-block poweroff) || true
  else
    host_signal "$1" RTMIN+4
  fi
  if ! until_true 60 host_stopped "$1"; then
    say "$1 does not power off, cutting its power"
    host_kill "$1"
  fi
}

# A power cut. The link goes first: a machine without power says goodbye to nobody.
host_kill() {
  local name=$1 cgroup
  cgroup=$(host_cgroup "$name")
  if [[ -e /sys/class/net/$LAB_PREFIX-$name ]]; then
    ip link set "$LAB_PREFIX-$name" down
  fi
  if [[ -d $cgroup ]]; then
    echo 1 >"$cgroup/cgroup.kill"
    until_true 20 host_stopped "$name" || die "processes of $name survive: see $cgroup/cgroup.procs"
    cgroup_remove "$cgroup"
  fi
  link_remove "$name"
}

# A clean reboot; returns when the new boot has begun.
host_reboot() {
  local name=$1 pid
  ! host_is_machine "$name" || die "reboot a machine from inside: lab root $name systemctl reboot"
  pid=$(host_pid1 "$name") || die "$name is not running"
  host_signal "$name" RTMIN+5
  until_true 90 host_rebooted "$name" "$pid" || die "$name did not come back from its reboot"
}

host_rebooted() {
  local pid
  pid=$(host_pid1 "$1") && [[ $pid != "$2" ]] && systemd_listens "$pid"
}
