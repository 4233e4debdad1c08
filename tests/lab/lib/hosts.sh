# shellcheck shell=bash
# The hosts: what each is called, who logs in, and what it is made of on disk.
# $LAB_DIR/hosts/NAME holds root (the mounted file system), upper and work (what differs from the base), nix (the
# host's own store), release, cut (while its link is cut), console.log and its public host key.

HOST_NAMES=(web1 web2 db1 app1 edge1 edge2 batch1 batch2 host9 host10 host11 host12 host13 host14 host15 host16)

host_dir() { printf '%s/hosts/%s\n' "$LAB_DIR" "$1"; }

host_exists() { [[ -f $(host_dir "$1")/release ]]; }

# The names of the hosts of this lab, in order.
hosts() {
  local name
  for name in "${HOST_NAMES[@]}"; do
    if host_exists "$name"; then
      printf '%s\n' "$name"
    fi
  done
}

require_host() {
  local names
  names=$(hosts | tr '\n' ' ')
  [[ -n $names ]] || usage_error "no host is up; start some with: lab up N"
  [[ -n $1 ]] || usage_error "name a host: $names"
  [[ " $names" == *" $1 "* ]] || usage_error "unknown host '$1'; hosts: $names"
}

host_index() {
  local i
  for i in "${!HOST_NAMES[@]}"; do
    if [[ ${HOST_NAMES[i]} == "$1" ]]; then
      printf '%s\n' "$i"
      return
    fi
  done
  return 1
}

host_address() { printf '%s.%s\n' "$(lab_net)" "$(($(host_index "$1") + 11))"; }

host_release() { cat "$(host_dir "$1")/release"; }

host_profile() {
  case $1 in
    db*) echo database ;;
    app*) echo app ;;
    edge*) echo edge ;;
    batch*) echo batch ;;
    *) echo web ;;
  esac
}

# The account that logs in over SSH.
host_user() {
  case $1 in
    web2) echo ops ;;
    db1) echo admin ;;
    app1) echo deploy ;;
    *) echo root ;;
  esac
}

# How that account becomes root: none (it is), nopasswd or password.
host_sudo() {
  case $1 in
    web2 | app1) echo nopasswd ;;
    db1) echo password ;;
    *) echo none ;;
  esac
}

# The lab's own keys and the password of the account whose sudo asks for one.
lab_secrets_make() {
  mkdir -p "$LAB_DIR/hosts" "$LAB_DIR/ssh"
  chmod 700 "$LAB_DIR/ssh"
  lab_net >"$LAB_DIR/net.new"
  mv "$LAB_DIR/net.new" "$LAB_DIR/net"
  [[ -f $LAB_KEY ]] || ssh-keygen -q -t ed25519 -N '' -C phoenix-lab -f "$LAB_KEY"
  if [[ ! -s $LAB_SUDO_PASSWORD ]]; then
    (umask 077 && od -An -N12 -tx1 /dev/urandom | tr -d ' ' >"$LAB_SUDO_PASSWORD")
  fi
}

# host_make NAME RELEASE: a new host on disk. The file `release` is written last: a host without it is half made.
host_make() {
  local name=$1 release=$2 dir base
  dir=$(host_dir "$name")
  base=$(base_dir "$release")
  host_unmount "$name"
  rm -rf --one-file-system "$dir"
  mkdir -p "$dir"/{upper,work,root}
  cp -a "$base/nix" "$dir/nix"
  printf '%s\n' "$base/tree" >"$dir/lower"
  host_mount "$name"
  host_configure "$name" "$dir/root"
  host_add_user "$name" "$dir/root"
  mkdir -p "$dir/root/boot/loader"
  cp "$base/toplevel" "$dir/root/boot/loader/default"
  printf '%s\n' "$release" >"$dir/release.new"
  mv "$dir/release.new" "$dir/release"
}

host_mount() {
  local dir
  dir=$(host_dir "$1")
  if ! mountpoint -q "$dir/root"; then
    mount -t overlay -o "lowerdir=$(<"$dir/lower"),upperdir=$dir/upper,workdir=$dir/work" "$LAB_PREFIX-$1" "$dir/root" ||
      die "no overlay below $dir: set PHOENIX_LAB_DIR to a folder on ext4, xfs, btrfs or tmpfs"
  fi
  mountpoint -q "$dir/root/nix" || mount --bind "$dir/nix" "$dir/root/nix"
}

host_unmount() {
  local dir mounted
  dir=$(host_dir "$1")
  for mounted in "$dir/root/nix" "$dir/root"; do
    if mountpoint -q "$mounted"; then
      # The lock file that systemd-nspawn keeps for a folder it booted.
      rm -f "/run/systemd/nspawn/locks/inode-$(stat -c %d:%i "$mounted")"
      umount "$mounted" 2>/dev/null || umount --lazy "$mounted"
    fi
  done
}

# host_configure NAME ROOT: its identity and its keys.
host_configure() {
  local name=$1 root=$2
  printf '%s\n' "$name" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n%s.1 controller\n' "$name" "$(lab_net)" >"$root/etc/hosts"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  ssh-keygen -q -t ed25519 -N '' -C "root@$name" -f "$root/etc/ssh/ssh_host_ed25519_key"
  cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$(host_dir "$name")/"
  install -m 600 "$LAB_KEY.pub" "$root/root/.ssh/authorized_keys"
}

# host_add_user NAME ROOT: the account that logs in there, when it is not root, and its sudo rules.
host_add_user() {
  local name=$1 root=$2 user home rule
  user=$(host_user "$name")
  case $user in
    root) return ;;
    deploy)
      home=/var/lib/deploy
      chroot "$root" useradd --system --user-group --create-home --home-dir "$home" --shell /bin/bash "$user"
      ;;
    *)
      home=/home/$user
      chroot "$root" useradd --user-group --create-home --home-dir "$home" --shell /bin/bash "$user"
      ;;
  esac
  chroot "$root" install -d -m 700 -o "$user" -g "$user" "$home/.ssh"
  chroot "$root" install -m 600 -o "$user" -g "$user" /root/.ssh/authorized_keys "$home/.ssh/authorized_keys"
  if [[ $(host_sudo "$name") == password ]]; then
    printf '%s:%s\n' "$user" "$(<"$LAB_SUDO_PASSWORD")" | chroot "$root" chpasswd
    rule="Defaults timestamp_timeout=0"$'\n'"$user ALL=(ALL:ALL) ALL"
  else
    rule="$user ALL=(ALL:ALL) NOPASSWD: ALL"
  fi
  printf '%s\n' "$rule" >"$root/etc/sudoers.d/lab"
  chmod 440 "$root/etc/sudoers.d/lab"
}

known_hosts_write() {
  local name
  for name in $(hosts); do
    printf '%s %s\n' "$(host_address "$name")" "$(cut -d' ' -f1,2 "$(host_dir "$name")/ssh_host_ed25519_key.pub")"
  done >"$LAB_KNOWN_HOSTS.new"
  mv "$LAB_KNOWN_HOSTS.new" "$LAB_KNOWN_HOSTS"
}
