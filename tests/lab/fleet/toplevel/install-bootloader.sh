#!/bin/sh
# install-bootloader: the next boot is this toplevel, and the menu has each generation of the system profile.
set -eu
toplevel=$(dirname "$(dirname "$(readlink -f "$0")")")
PATH=$toplevel/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin
loader=/boot/loader
images=/boot/EFI/nixos

# put FILE: its new content from standard input, whole and on disk, or else the old one.
put() {
  cat >"$1.new" || { rm -f "$1.new"; return 1; }
  sync "$1.new"
  mv -f "$1.new" "$1"
  sync "${1%/*}"
}

# image FILE: its copy on the boot partition, made when it is not there yet.
image() {
  source=$(readlink -f "$1")
  copy=$images/$(echo "${source#/nix/store/}" | tr / -).efi
  [ -e "$copy" ] || { cp "$source" "$copy.new" && sync "$copy.new" && mv -f "$copy.new" "$copy"; } || {
    rm -f "$copy.new"
    return 1
  }
  echo "${copy#/boot}"
}

entry() {
  linux=$(image "$2/kernel") || return
  initrd=$(image "$2/initrd") || return
  echo "title NixOS"
  echo "sort-key nixos"
  echo "version Generation $1 NixOS $(cat "$2/nixos-version")"
  echo "linux $linux"
  echo "initrd $initrd"
  echo "options init=$2/init $(cat "$2/kernel-params")"
}

mkdir -p "$loader/entries" "$images"
for link in /nix/var/nix/profiles/system-*-link; do
  [ -e "$link" ] || continue
  number=${link##*/system-} number=${number%-link}
  text=$(entry "$number" "$(readlink -f "$link")")
  echo "$text" | put "$loader/entries/nixos-generation-$number.conf"
done

for file in "$loader"/entries/nixos-generation-*.conf; do
  number=${file##*-generation-} number=${number%.conf}
  [ -e "/nix/var/nix/profiles/system-$number-link" ] || rm -f "$file"
done

for file in "$images"/*.efi; do
  grep -qF " ${file#/boot}" "$loader"/entries/*.conf 2>/dev/null || rm -f "$file"
done

echo "$toplevel" | put "$loader/default"
