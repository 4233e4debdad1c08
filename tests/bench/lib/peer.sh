# shellcheck shell=bash
# The peer: what common deployment tools do underneath, as a plain loop. One Nix evaluates all hosts; then, for all hosts
# side by side, `nix copy`, `nix-env --set` and `switch-to-configuration switch`, through one SSH connection a host.

# Sets PEER_SSH. Logging in as root spares the peer sudo and its password; the connection is kept as nixos-rebuild does.
peer_prepare() {
  PEER_SSH=(-F none -i "$PHOENIX_LAB_KEY" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10
    -o "UserKnownHostsFile=$PHOENIX_LAB_KNOWN_HOSTS" -o StrictHostKeyChecking=yes
    -o ControlMaster=auto -o "ControlPath=$WORK/ssh-%C" -o ControlPersist=60)
}

# peer_deploy [OPTION…]: the options are Nix's, for the evaluation.
peer_deploy() {
  local name system jobs=() installables=()
  for name in "${HOSTS[@]}"; do
    installables+=("path:$FLEET#nixosConfigurations.$name.config.system.build.toplevel")
  done
  nix build --no-link --json "$@" "${installables[@]}" >"$WORK/peer-built" || return
  for name in "${HOSTS[@]}"; do
    system=$(peer_system "$name")
    peer_deploy_host "root@${ADDRESSES[$name]}" "$system" &
    jobs+=("$!")
  done
  local job failed=0
  for job in "${jobs[@]}"; do
    wait "$job" || failed=1
  done
  return "$failed"
}

peer_deploy_host() {
  local target=$1 system=$2
  NIX_SSHOPTS="${PEER_SSH[*]}" nix copy --no-check-sigs --to "ssh-ng://$target" "$system" &&
    ssh "${PEER_SSH[@]}" "$target" nix-env --profile /nix/var/nix/profiles/system --set "$system" &&
    ssh "${PEER_SSH[@]}" "$target" "$system/bin/switch-to-configuration" switch
}

# peer_system HOST: what was built for it.
peer_system() {
  jq -er --arg name "-nixos-system-$1-" '.[].outputs.out | select(contains($name))' "$WORK/peer-built"
}

# peer_timed [OPTION…]: a deployment by the peer from the first login on; sets ELAPSED.
peer_timed() {
  local name
  timed "$WORK/peer" 0 peer_deploy "$@"
  for name in "${HOSTS[@]}"; do
    ssh "${PEER_SSH[@]}" -O exit "root@${ADDRESSES[$name]}" 2>/dev/null || true
    require_running "$name" "$(peer_system "$name")"
  done
}
