# shellcheck shell=bash
# Machines: a host that QEMU emulates instead of systemd-nspawn, with a kernel and a clock of its own. Its disk is a copy
# of the host as it was then. Nothing here is accelerated: such a host boots in half a minute and works several times
# slower than the others.

KERNEL_PACKAGE=linux-image-cloud-amd64

# In the order in which they are loaded; ext4 is built in.
KERNEL_MODULES=(
  drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_legacy_dev
  drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci drivers/block/virtio_blk
  net/core/failover drivers/net/net_failover drivers/net/virtio_net
)

host_is_machine() { [[ -f $(host_dir "$1")/machine ]]; }

# machine_make NAME: the host, which is stopped, becomes a machine and stays one until it is removed.
machine_make() {
  local name=$1 dir size
  dir=$(host_dir "$name")
  machine_install_missing
  kernel_make
  host_mount "$name"
  size=$(du -sxm "$dir/root" "$dir/nix" | awk '{ sum += $1 } END { print sum + 1024 }')
  rm -f "$dir/disk.new"
  mke2fs -q -t ext4 -d "$dir/root" "$dir/disk.new" "${size}M"
  mv "$dir/disk.new" "$dir/disk"
  host_unmount "$name"
  touch "$dir/machine"
}

machine_install_missing() {
  local pair packages=()
  for pair in qemu-system-x86_64:qemu-system-x86 cpio:cpio mke2fs:e2fsprogs; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
  done
  ((${#packages[@]})) || return 0
  say "installing ${packages[*]}"
  apt-get -qq update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >&2
}

# The kernel of this machine's Debian, and a first file system that finds disk and network.
kernel_make() {
  local kernel=$LAB_CACHE/kernel recipe tmp package
  recipe=$(hash_of "$LAB_SOURCE/lib/machine.sh")
  ! stamped "$kernel/stamp" "$recipe" || return 0
  say "fetching the kernel for machines"
  tmp=$(mktemp -d "$LAB_CACHE/kernel.tmp.XXXXXX")
  package=$(apt-cache depends "$KERNEL_PACKAGE" | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
  [[ -n $package ]] || die "no Debian package $KERNEL_PACKAGE is known here; run: apt-get update"
  (cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 && dpkg-deb -x ./*.deb tree)
  cp "$tmp"/tree/boot/vmlinuz-* "$tmp/vmlinuz"
  initrd_make "$tmp/tree"/lib/modules/*/kernel "$tmp/first" >"$tmp/initrd"
  rm -rf "$tmp/tree" "$tmp/first" "$tmp"/*.deb
  printf '%s\n' "$recipe" >"$tmp/stamp"
  rm -rf "$kernel"
  mv "$tmp" "$kernel"
}

# initrd_make MODULES FOLDER: writes the archive to standard output; FOLDER is used for its content.
initrd_make() {
  local modules=$1 folder=$2 module names=''
  mkdir -p "$folder"/{bin,modules,proc,sys,dev,root}
  cp "$(static_busybox)" "$folder/bin/busybox"
  for module in "${KERNEL_MODULES[@]}"; do
    cp "$modules/$module.ko" "$folder/modules/"
    names="$names ${module##*/}"
  done
  sed "s/@modules@/$names/" >"$folder/init" <<'END'
#!/bin/busybox sh
busybox mount -t proc none /proc
busybox mount -t devtmpfs none /dev
for module in @modules@; do
  busybox insmod "/modules/$module.ko"
done
for word in $(busybox cat /proc/cmdline); do
  case $word in
    lab.address=*) address=${word#*=} ;;
    lab.gateway=*) gateway=${word#*=} ;;
  esac
done
busybox ip link set lo up
busybox ip addr add "$address/24" dev eth0
busybox ip link set eth0 up
busybox ip route add default via "$gateway"
until busybox mount -t ext4 /dev/vda /root; do busybox sleep 0.2; done
busybox umount /proc
exec busybox switch_root /root /sbin/init
END
  chmod +x "$folder/init"
  (cd "$folder" && find . | cpio --quiet -o -H newc)
}

# machine_boot NAME: becomes the emulator. It starts the machine again by itself when the system in it reboots.
machine_boot() {
  local name=$1 dir kernel=$LAB_CACHE/kernel
  dir=$(host_dir "$name")
  exec qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 768 -nodefaults -display none \
    -serial file:"$dir/machine.log" -drive "file=$dir/disk,format=raw,if=virtio,cache=writethrough" \
    -netdev "tap,id=net,ifname=$LAB_PREFIX-$name,script=no,downscript=no" \
    -device "virtio-net-pci,netdev=net,mac=$(host_mac "$name"),romfile=" \
    -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd" -append "console=ttyS0 quiet panic=10 mitigations=off \
lab.address=$(host_address "$name") lab.gateway=$(lab_net).1 systemd.hostname=$name"
}

# machine_link_up NAME: the machine's end of the link is in the emulator.
machine_link_up() {
  local name=$1 link=$LAB_PREFIX-$1
  link_remove "$name"
  ip tuntap add dev "$link" mode tap
  ip link set "$link" master "$LAB_BRIDGE"
  link_apply "$name"
}

# machine_root NAME COMMAND…: only its network leads into a machine.
machine_root() {
  local name=$1
  shift
  (($#)) || set -- bash
  exec ssh -F none -i "$LAB_KEY" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10 \
    -o UserKnownHostsFile="$LAB_KNOWN_HOSTS" -o StrictHostKeyChecking=yes \
    "root@$(host_address "$name")" "$(printf '%q ' "$@")"
}
