#!/bin/sh
# start: sshd listens on port 2222 in place of its own; stop, or a reboot: as before. Sessions that are open stay open.
set -eu
settings=/etc/ssh/sshd_config.d
changed=/run/lab-sshd-settings

start() {
  cp -r "$settings" "$changed"
  echo "Port 2222" >"$changed/00-lab-fault.conf"
  mount -o bind "$changed" "$settings"
}

stop() {
  umount "$settings"
  rm -r "$changed"
}

"$1"
exec /usr/bin/systemctl --no-block restart ssh.service
