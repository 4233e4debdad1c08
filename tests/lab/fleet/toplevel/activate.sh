#!/bin/sh
# activate: makes this toplevel the running system, as far as that goes without systemd's help. Harmless to repeat.
# A snippet that fails is reported at the end, and stops nothing: so it is in NixOS.
set -u
toplevel=$(dirname "$(readlink -f "$0")")
PATH=$toplevel/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin
units=/run/systemd/system
status=0

failed() {
  echo "Activation script snippet '$1' failed ($?)" >&2
  status=1
}

# point NAME TARGET: NAME is a link to TARGET, at every moment to the old one or to the new one.
point() {
  ln -sfn "$2" "$1.new" && mv -fT "$1.new" "$1"
}

folders() {
  mkdir -p /run/nixos "$units" /nix/var/nix/gcroots && touch /run/nixos/switch-to-configuration.lock
}

link_units() {
  for link in "$units"/*; do
    case $(readlink "$link") in
      /nix/store/*) [ -e "$toplevel/etc/systemd/system/${link##*/}" ] || rm "$link" ;;
    esac
  done
  for unit in "$toplevel"/etc/systemd/system/*; do
    [ ! -e "$unit" ] || point "$units/${unit##*/}" "$(readlink -f "$unit")" || return
  done
}

record_release() {
  awk 1 "$toplevel/nixos-version" >/etc/phoenix-lab-release.new &&
    mv -f /etc/phoenix-lab-release.new /etc/phoenix-lab-release
}

fault() {
  [ ! -e "$toplevel/activation-fault" ] || "$toplevel/activation-fault"
}

current_system() {
  point /run/current-system "$toplevel" && point /nix/var/nix/gcroots/current-system /run/current-system
}

folders || failed folders
link_units || failed link_units
record_release || failed record_release
fault || failed fault
current_system || failed current_system
exit "$status"
