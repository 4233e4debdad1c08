# shellcheck shell=bash
# The base: one Debian tree for each release that all hosts are overlays of, and the Nix store that they start with.
# $LAB_CACHE/base-RELEASE holds tree/ and nix/, each with a stamp of the recipe that made it.

BASE_PACKAGES=systemd,systemd-sysv,dbus,openssh-server,nix-bin,iproute2,procps,sudo,nftables,curl,ca-certificates

# Units that a lab host has no use for; without them it boots faster.
BASE_MASKED=(
  getty.target getty-static.service console-getty.service sshd-keygen.service ssh.socket
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
  systemd-tmpfiles-clean.timer systemd-pstore.service systemd-networkd.service systemd-networkd.socket
  systemd-resolved.service systemd-timesyncd.service systemd-firstboot.service systemd-update-utmp.service
)

base_dir() { printf '%s/base-%s\n' "$LAB_CACHE" "$1"; }

# hash_of PATH…: one hash of the names and contents of all files below the paths.
hash_of() {
  local path
  for path in "$@"; do
    cd "$(dirname "$path")" || return
    find "$(basename "$path")" -type f -exec sha256sum {} +
  done | LC_ALL=C sort | sha256sum | cut -d' ' -f1
}

tree_recipe() { hash_of "$LAB_SOURCE/lib/base.sh" "$LAB_SOURCE/rootfs"; }

nix_recipe() {
  local tree
  tree=$(tree_recipe)
  printf '%s %s\n' "$tree" "$(hash_of "$LAB_FLEET")"
}

stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

# The part of apt's own configuration here that decides whether an archive snapshot is taken.
apt_policy() {
  local setting
  for setting in Acquire::Check-Valid-Until Acquire::Check-Date; do
    apt-config dump --format '%f "%v";%n' "$setting" | sed 's/^/--aptopt=/'
  done
}

# base_make RELEASE: builds what is missing or outdated, and nothing when all is there.
base_make() {
  local release=$1 base tree_stamp nix_stamp
  base=$(base_dir "$release")
  [[ -x $LAB_FLEET/factory ]] || die "$LAB_FLEET/factory is missing: it makes the system that hosts are born with"
  mkdir -p "$LAB_CACHE"
  rm -rf --one-file-system "$LAB_CACHE"/base-*.tmp.*
  tree_stamp=$(tree_recipe)
  nix_stamp=$(nix_recipe)
  if ! stamped "$base/tree.stamp" "$tree_stamp"; then
    if base_in_use "$release"; then
      say "the recipe of base-$release changed; hosts that are up keep the old one until lab down"
      return
    fi
    base_tree_make "$release" "$tree_stamp"
  fi
  stamped "$base/nix.stamp" "$nix_stamp" || base_nix_make "$base" "$nix_stamp"
}

# Whether a host is an overlay of the release's tree: one of this lab, or a mounted one of any lab.
base_in_use() {
  local file
  [[ $(findmnt --raw --noheadings --types overlay --output OPTIONS) != *"lowerdir=$(base_dir "$1")/tree,"* ]] || return 0
  for file in "$LAB_DIR"/hosts/*/release; do
    [[ -f $file && $(<"$file") == "$1" ]] && return
  done
  return 1
}

base_tree_make() {
  local release=$1 stamp=$2 base tmp policy
  base=$(base_dir "$release")
  tmp=$(mktemp -d "$base.tmp.XXXXXX")
  chmod 755 "$tmp"
  mapfile -t policy < <(apt_policy)
  say "building base-$release (log: $LAB_CACHE/base-$release.log)"
  if ! mmdebstrap --variant=minbase --include="$BASE_PACKAGES" --aptopt='Acquire::Languages "none"' "${policy[@]}" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$release" "$tmp/tree" >"$LAB_CACHE/base-$release.log" 2>&1 </dev/null; then
    tail -n 20 "$LAB_CACHE/base-$release.log" >&2
    rm -rf --one-file-system "$tmp"
    die "mmdebstrap could not build base-$release"
  fi
  base_configure "$release" "$tmp/tree"
  printf '%s\n' "$stamp" >"$tmp/tree.stamp"
  rm -rf --one-file-system "$base"
  mv "$tmp" "$base"
}

# base_configure RELEASE TREE: the lab's own files and settings in a fresh Debian tree.
base_configure() {
  local release=$1 tree=$2 unit units=$2/etc/systemd/system
  cp -r --no-preserve=ownership "$LAB_SOURCE/rootfs/." "$tree/"
  chmod 755 "$tree/usr/local/lib/phoenix-lab/stage2"
  mkdir -p "$tree/nix" "$tree/boot/loader" "$tree/root/.ssh"
  chmod 700 "$tree/root/.ssh"
  touch "$tree/etc/NIXOS"
  rm -f "$tree"/etc/ssh/ssh_host_* "$tree/etc/resolv.conf" "$tree/etc/hostname"
  : >"$tree/etc/machine-id"
  # Newer servers hold off an address that connects and leaves, as a check whether sshd answers does.
  [[ $release == bookworm ]] || printf 'PerSourcePenalties no\n' >"$tree/etc/ssh/sshd_config.d/20-penalties.conf"
  mkdir -p "$tree/etc/systemd/system-generators" "$units"/{multi-user,sockets}.target.wants
  ln -sfn /dev/null "$tree/etc/systemd/system-generators/systemd-ssh-generator"
  for unit in "${BASE_MASKED[@]}"; do
    ln -sfn /dev/null "$units/$unit"
  done
  ln -sfn /lib/systemd/system/multi-user.target "$units/default.target"
  ln -sfn /lib/systemd/system/ssh.service "$units/multi-user.target.wants/ssh.service"
  ln -sfn ../lab-stage2.service "$units/multi-user.target.wants/lab-stage2.service"
  ln -sfn ../nix-daemon.socket "$units/sockets.target.wants/nix-daemon.socket"
  # The tree is up to date: a first boot need not rebuild caches.
  touch "$tree/etc/.updated" "$tree/var/.updated"
}

# base_nix_make BASE STAMP: a Nix store that holds the factory system, made by the tree's own Nix.
base_nix_make() {
  local base=$1 stamp=$2 tmp busybox
  say "filling the store of ${base##*/} with the factory system"
  busybox=$(static_busybox)
  tmp=$(mktemp -d "$base.tmp.XXXXXX")
  mkdir -p "$tmp/nix/in"
  "$LAB_FLEET/factory" "$tmp/nix/in/nixos-system-factory" "$busybox"
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -euc '
    tree=$1
    mount --bind "$2" "$tree/nix"
    for dir in proc dev sys; do mount --rbind "/$dir" "$tree/$dir"; done
    mount -t tmpfs tmpfs "$tree/tmp"
    mount -t tmpfs tmpfs "$tree/root"
    chroot "$tree" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euc "
      nix-store --init
      toplevel=\$(nix-store --add /nix/in/nixos-system-factory)
      nix-env --profile /nix/var/nix/profiles/system --set \"\$toplevel\"
      ln -sfn /run/current-system /nix/var/nix/gcroots/current-system
      ln -sfn /run/booted-system /nix/var/nix/gcroots/booted-system
      nix-store --verify --check-contents
      readlink -f /nix/var/nix/profiles/system >/nix/in/toplevel"
  ' bash "$base/tree" "$tmp/nix" >"$base/nix.log" 2>&1 || {
    tail -n 20 "$base/nix.log" >&2
    rm -rf --one-file-system "$tmp"
    die "Nix could not fill the store of ${base##*/}"
  }
  mv "$tmp/nix/in/toplevel" "$base/toplevel"
  rm -rf --one-file-system "$tmp/nix/in" "$base/nix"
  mv "$tmp/nix" "$base/nix"
  rmdir "$tmp"
  printf '%s\n' "$stamp" >"$base/nix.stamp"
}
