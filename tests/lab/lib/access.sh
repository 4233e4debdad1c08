# shellcheck shell=bash
# Access: how a test reaches a host, with SSH and without.

host_ssh() {
  local name=$1
  shift
  exec ssh -F none -i "$LAB_KEY" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10 \
    -o UserKnownHostsFile="$LAB_KNOWN_HOSTS" -o StrictHostKeyChecking=yes \
    "$(host_user "$name")@$(host_address "$name")" "$@"
}

# Whether the host's sshd greets. No login: that would be one more line in the log that tests count.
sshd_answers() {
  # shellcheck disable=SC2016
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/22" && read -r -t 2 line <&3 && [[ $line == SSH-* ]]' bash \
    "$(host_address "$1")" 2>/dev/null
}

host_wait() {
  until_true "$2" sshd_answers "$1" ||
    die "sshd of $1 does not answer after $2 seconds (state $(host_state "$1"), link $(link_state "$1"))"
}

# host_root NAME COMMAND…: runs the command as root in the host's namespaces, whatever the state of its network.
host_root() {
  local name=$1 pid
  ! host_is_machine "$name" || machine_root "$@"
  shift
  pid=$(host_pid1 "$name") || die "$name is not running"
  (($#)) || set -- bash
  exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd -- /usr/bin/env -i HOME=/root \
    TERM="${TERM:-dumb}" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

host_state() {
  if host_running "$1"; then
    echo running
  else
    echo stopped
  fi
}

host_json() {
  jq -cn --arg name "$1" --arg address "$(host_address "$1")" --arg user "$(host_user "$1")" \
    --arg state "$(host_state "$1")" --arg link "$(link_state "$1")" --arg release "$(host_release "$1")" \
    --arg sudo "$(host_sudo "$1")" \
    '{name: $name, address: $address, port: 22, user: $user, state: $state, link: $link, release: $release,
      sudo: $sudo}'
}

lab_list() {
  local name
  if [[ ${1:-} == --json ]]; then
    for name in $(hosts); do
      host_json "$name"
    done | jq -s .
    return
  fi
  local row='%-8s %-15s %-7s %-8s %-5s %-9s %s\n'
  # shellcheck disable=SC2059
  printf "$row" NAME ADDRESS USER STATE LINK RELEASE SUDO
  for name in $(hosts); do
    # shellcheck disable=SC2059
    printf "$row" "$name" "$(host_address "$name")" "$(host_user "$name")" "$(host_state "$name")" \
      "$(link_state "$name")" "$(host_release "$name")" "$(host_sudo "$name")"
  done
}

lab_env() {
  printf 'export %s=%q\n' \
    PHOENIX_LAB "$LAB_SOURCE/lab" \
    PHOENIX_LAB_DIR "$LAB_DIR" \
    PHOENIX_LAB_CACHE "$LAB_CACHE" \
    PHOENIX_LAB_NUMBER "$LAB_NUMBER" \
    PHOENIX_LAB_NET "$(lab_net)" \
    PHOENIX_LAB_KEY "$LAB_KEY" \
    PHOENIX_LAB_KNOWN_HOSTS "$LAB_KNOWN_HOSTS" \
    PHOENIX_LAB_SUDO_PASSWORD "$LAB_SUDO_PASSWORD" \
    PHOENIX_LAB_HOSTS "$(hosts | paste -sd' ')"
}
