#!/bin/sh
# bootctl: the words of systemd's bootctl that phoenix uses, for the lab's boot loader. The real one keeps the one-shot
# entry in the EFI variable LoaderEntryOneShot, and a container has no EFI variables: here it is the file
# /boot/loader/oneshot, which lab-stage2 honours once and removes before it boots, as systemd-boot does.
#   bootctl list --json=short     the entries, the one that the next boot takes marked isDefault
#   bootctl set-oneshot ID        boot this entry once; an empty ID takes that back
set -eu
PATH=$(dirname "$(readlink -f "$0")"):/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin
loader=/boot/loader
entries=$loader/entries

fail() {
  echo "$*" >&2
  exit 1
}

# A host whose release says loader = "none" has entries, but nothing that could set one for a single boot.
[ ! -e /run/current-system/no-boot-loader ] || fail "Not booted with UEFI, cannot access EFI variables."

# The entry that the next boot takes.
next() {
  if [ -s $loader/oneshot ]; then
    cat $loader/oneshot
  elif [ -s $loader/default ]; then
    grep -lF "init=$(cat $loader/default)/init " $entries/*.conf | sort -V | tail -n 1 | sed 's|.*/||'
  fi
}

quoted() {
  printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}

field() {
  sed -n "s/^$1 //p" "$2"
}

list() {
  next=$(next)
  between='['
  for file in "$entries"/*.conf; do
    [ -e "$file" ] || continue
    id=${file##*/}
    is_next=false
    [ "$id" != "$next" ] || is_next=true
    printf '%s{"type":"type1","id":%s,"path":%s,"title":%s,"version":%s,"options":%s,"isReported":true,"isDefault":%s}' \
      "$between" "$(quoted "$id")" "$(quoted "$file")" "$(quoted "$(field title "$file")")" \
      "$(quoted "$(field version "$file")")" "$(quoted "$(field options "$file")")" "$is_next"
    between=,
  done
  [ "$between" = , ] || printf %s "$between"
  echo ']'
}

case $*/$# in
  'list --json=short/2') list ;;
  'set-oneshot /2') rm -f $loader/oneshot ;;
  set-oneshot\ */2)
    [ -e "$entries/$2" ] || fail "Boot loader entry '$2' not found."
    printf '%s\n' "$2" >$loader/oneshot.new
    sync $loader/oneshot.new
    mv -f $loader/oneshot.new $loader/oneshot
    sync $loader
    ;;
  *) fail "the lab's bootctl has no words for: $*" ;;
esac
