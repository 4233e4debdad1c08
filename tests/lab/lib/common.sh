# shellcheck shell=bash
# Settings, messages, the lock and small helpers that every other part of the lab uses.
# shellcheck disable=SC2034 # the settings are read in the other parts

# Labs that differ in number can be up at once: folder, addresses, links, cgroups and lock are each their own.
LAB_NUMBER=${PHOENIX_LAB_NUMBER:-1}
[[ $LAB_NUMBER =~ ^[1-9]$ ]] || {
  printf "lab: PHOENIX_LAB_NUMBER is 1 to 9, not '%s'\n" "$LAB_NUMBER" >&2
  exit 2
}
LAB_SUFFIX=${LAB_NUMBER#1}
LAB_PREFIX=phx$LAB_SUFFIX

LAB_DIR=$(realpath -m "${PHOENIX_LAB_DIR:-/var/lib/phoenix-lab$LAB_SUFFIX}")
LAB_CACHE=$(realpath -m "${PHOENIX_LAB_CACHE:-/var/cache/phoenix-lab}")
LAB_FLEET=$(realpath -m "${PHOENIX_LAB_FLEET:-$LAB_SOURCE/fleet}")
LAB_LOCK=/run/phoenix-lab$LAB_SUFFIX.lock
LAB_BRIDGE=${LAB_PREFIX}lab0
LAB_RELEASES=(trixie sid bookworm)
LAB_KEY=$LAB_DIR/ssh/id_ed25519
LAB_KNOWN_HOSTS=$LAB_DIR/ssh/known_hosts
LAB_SUDO_PASSWORD=$LAB_DIR/sudo-password

say() { printf 'lab: %s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# A wrong call: says so and exits with 2.
usage_error() {
  say "$*"
  say "see: lab help"
  exit 2
}

require_root() {
  ((EUID == 0)) || usage_error "needs root: it makes network namespaces, mounts and whole systems"
}

require_release() {
  local release
  for release in "${LAB_RELEASES[@]}"; do
    [[ $release == "$1" ]] && return
  done
  usage_error "unknown release '$1'; known: ${LAB_RELEASES[*]}"
}

# lock shared|exclusive [FILE]: holds the lock until the command ends. Commands for one host share the lab's lock and
# hold their host's own; `up`, `down` and `base` hold the lab's alone.
lock() {
  local mode=--$1 file=${2:-$LAB_LOCK} fd
  exec {fd}>>"$file"
  if ! flock "$mode" --nonblock "$fd"; then
    say "another lab command is running, waiting for it"
    flock "$mode" --timeout 600 "$fd" || die "the lock $file is still held after 600 seconds"
  fi
}

# lock_host NAME: for a command that changes one host.
lock_host() {
  lock shared
  require_host "$1"
  lock exclusive "$(host_dir "$1")/lock"
}

# detach LOG COMMAND…: starts COMMAND in a session of its own, with none of the caller's files open.
detach() {
  local log=$1
  shift
  (
    cd /
    local fd
    for fd in /proc/"$BASHPID"/fd/*; do
      fd=${fd##*/}
      if ((fd > 2 && fd < 255)); then
        eval "exec $fd>&-"
      fi
    done
    exec setsid "$@" </dev/null >>"$log" 2>&1
  ) &
}

# until_true SECONDS COMMAND…: runs COMMAND five times a second until it succeeds; fails after SECONDS.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

# wait_all PID…: waits for every job and fails when one of them failed.
wait_all() {
  local pid failed=0
  for pid in "$@"; do
    wait "$pid" || failed=1
  done
  return "$failed"
}

require_number() {
  [[ $2 =~ ^[0-9]{1,4}$ ]] || usage_error "$1 must be a number, not '$2'"
}

# The first three parts of the hosts' addresses. A lab that exists keeps those it was made with.
lab_net() {
  if [[ -s $LAB_DIR/net ]]; then
    cat "$LAB_DIR/net"
  else
    printf '%s\n' "${PHOENIX_LAB_NET:-10.23$LAB_NUMBER.0}"
  fi
}

# The packages of the commands that are missing here.
missing_packages() {
  local pair
  for pair in mmdebstrap:mmdebstrap systemd-nspawn:systemd-container jq:jq ip:iproute2 ssh:openssh-client \
    ssh-keygen:openssh-client nsenter:util-linux flock:util-linux nix:nix-bin; do
    command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
  done | sort -u
  static_busybox >/dev/null || printf 'busybox-static\n'
}

# The path of this machine's statically linked busybox.
static_busybox() {
  local path
  for path in /bin/busybox /usr/bin/busybox; do
    if [[ -x $path ]] && ! ldd "$path" >/dev/null 2>&1; then
      printf '%s\n' "$path"
      return
    fi
  done
  return 1
}

install_missing() {
  local packages
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]})) || return 0
  say "installing ${packages[*]}"
  apt-get -qq update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >&2
  mapfile -t packages < <(missing_packages)
  ((${#packages[@]} == 0)) || die "still missing after apt-get install: ${packages[*]}"
}
